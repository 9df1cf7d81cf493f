//! Trees of files, by a seed: what is looked through, and what is found in it.
//!
//! The files that concern us are the inputs of fixtures, most of them with other resources
//! below their own, so that they are as long as templates are. The rest is made up: the
//! folders, names, sizes and endings of a repository of many services, with ignore files,
//! ignored folders, and files that are no text.

#![allow(
    clippy::disallowed_methods,
    reason = "it makes new files in a new folder"
)]

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::stock;

/// What a tree is to hold.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// The same seed gives the same tree.
    pub(crate) seed: u64,
    /// How many files, those in ignored folders and ignore files not counted.
    pub(crate) files: usize,
    /// How many of them name the resource type.
    pub(crate) candidates: usize,
    /// Take only shapes that are whole templates in plain YAML or JSON, which other tools
    /// can read, too, and nothing that needs an ignore file.
    pub(crate) only_templates: bool,
}

/// What the fixtures have to offer.
pub(crate) struct Shapes {
    /// By name, so that their order is the same everywhere.
    all: Vec<Shape>,
}

struct Shape {
    text: String,
    ending: String,
}

impl Shapes {
    /// Reads the fixtures that are repaired or kept without flags of their own.
    pub(crate) fn read() -> Result<Shapes, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let mut all = Vec::new();
        for kind in ["fix", "comply", "unseen"] {
            for case in listed(&root.join(kind))? {
                if case.join("args").exists() {
                    continue;
                }
                for input in listed(&case)? {
                    let is_input = input.file_stem().is_some_and(|stem| stem == "input");
                    let ending = input.extension().and_then(|ending| ending.to_str());
                    let bytes = fs::read(&input).unwrap_or_default();
                    if let (true, Some(ending), Ok(text)) =
                        (is_input, ending, String::from_utf8(bytes))
                        && text.contains("AWS::ECR::Repository")
                        && text.len() < 10_000
                    {
                        let ending = ending.to_owned();
                        all.push(Shape { text, ending });
                    }
                }
            }
        }
        if all.is_empty() {
            return Err(format!("{} holds no shapes", root.display()));
        }
        Ok(Shapes { all })
    }
}

/// What a folder holds, by name; nothing if it is none.
fn listed(folder: &Path) -> Result<Vec<PathBuf>, String> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let failed = |error: io::Error| format!("{}: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(failed)?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()
        .map_err(failed)?;
    paths.sort();
    Ok(paths)
}

/// What is in shapes that another program cannot read: cfn-guard and Checkov end at the first of
/// them, and the rest would not be measured. Skips of Checkov's that are not as it wants them;
/// anchors, aliases and merges; marks of template engines; JSON and flow mappings that are laid
/// out oddly; types that are none.
const ODD: [&str; 13] = [
    "Type: !Sub",
    "checkov",
    "<<",
    " &",
    " *",
    "{{",
    "%YAML",
    "Mutability:}",
    "\n          :",
    "Repository::MODULE",
    "\"Fn::Sub\": \"AWS::",
    " type:",
    "TYPE:",
];

impl Shape {
    /// Whether others can read it, too: a template and nothing but.
    fn is_plain(&self) -> bool {
        if !self.text.is_ascii() || ODD.iter().any(|odd| self.text.contains(odd)) {
            return false;
        }
        let is_json = self.text.trim_start().starts_with('{');
        matches!(self.ending.as_str(), "yaml" | "yml" | "json" | "template")
            && if is_json {
                self.text.contains("\"Resources\"")
            } else {
                self.text.lines().any(|line| line == "Resources:")
            }
    }

    /// The text with more resources at its end, where it is of a kind that can be gone on
    /// with; else as it is.
    fn with(&self, count: usize, random: &mut fastrand::Rng) -> String {
        const JSON_END: &str = "\n    }\n  }\n}\n";
        let mut text = self.text.clone();
        // A text that needs these bytes as they are is not to be gone on with.
        if !text.is_ascii() || text.contains(['\r', '\t']) || !text.ends_with('\n') {
            return text;
        }
        if let Some(body) = text.strip_suffix(JSON_END) {
            let mut last = body.lines().filter(|line| {
                line.starts_with("  \"") && line.ends_with('{') && !line.starts_with("   ")
            });
            if last
                .next_back()
                .is_some_and(|line| line == "  \"Resources\": {")
            {
                let mut text = format!("{body}\n    }}");
                for _ in 0..count {
                    text += ",\n";
                    text += &other(&stock::JSON, random);
                }
                return text + "\n  }\n}\n";
            }
            return text;
        }
        let first = |line: &&str| !line.starts_with([' ', '#', '-']) && !line.is_empty();
        let ids = text.lines().skip_while(|line| *line != "Resources:").nth(1);
        let is_indented = ids.is_some_and(|line| {
            line.starts_with("  ") && !line.starts_with("   ") && line.ends_with(':')
        });
        let is_open = text.lines().rfind(first) == Some("Resources:");
        let is_one = !text.lines().any(|line| line.starts_with("---"));
        if is_indented && is_open && is_one {
            for _ in 0..count {
                text += &other(&stock::YAML, random);
            }
        }
        text
    }
}

/// A resource that is no repository.
fn other(forms: &[&str], random: &mut fastrand::Rng) -> String {
    let forms: Vec<&&str> = forms
        .iter()
        .filter(|form| !form.contains("AWS::ECR::"))
        .collect();
    let form = random.choice(forms).copied().unwrap_or_default();
    form.replace('$', &random.u32(..).to_string())
}

const WORDS: [&str; 48] = [
    "account", "alert", "api", "archive", "audit", "backup", "batch", "billing", "cache", "cart",
    "catalog", "checkout", "client", "cluster", "core", "customer", "data", "deploy", "edge",
    "event", "export", "feature", "gateway", "identity", "import", "ingest", "invoice", "job",
    "ledger", "mail", "media", "metric", "notify", "order", "partner", "payment", "policy",
    "price", "queue", "report", "risk", "search", "session", "shipping", "stock", "tenant",
    "token", "worker",
];

/// How the files of a repository end, and how many of a hundred do; where they are; what is
/// in them.
const KINDS: [(&str, u32, &str, Content); 18] = [
    ("ts", 17, "src", Content::Code),
    ("py", 9, "lib", Content::Code),
    ("go", 7, "internal", Content::Code),
    ("md", 7, "docs", Content::Prose),
    ("json", 13, "config", Content::Json),
    ("yaml", 14, "deploy/base", Content::Manifest),
    ("yaml", 5, "chart/templates", Content::Chart),
    ("yaml", 4, "infra", Content::Template),
    ("yml", 4, "ops/playbooks", Content::Manifest),
    ("template", 1, "infra/legacy", Content::Template),
    ("tpl", 1, "chart/templates", Content::Chart),
    ("j2", 1, "ops/templates", Content::Chart),
    ("tf", 5, "infra/modules", Content::Code),
    ("sh", 3, "scripts", Content::Code),
    ("css", 3, "web/static", Content::Code),
    ("html", 2, "web", Content::Prose),
    ("svg", 1, "web/static", Content::Prose),
    ("png", 3, "web/static", Content::Binary),
];

#[derive(Clone, Copy)]
enum Content {
    Code,
    Prose,
    Json,
    Manifest,
    Chart,
    Template,
    Binary,
}

/// Makes a tree in a folder that is not there yet.
pub(crate) fn grow(root: &Path, plan: &Plan, shapes: &Shapes) -> io::Result<()> {
    let mut random = fastrand::Rng::with_seed(plan.seed);
    let shapes: Vec<&Shape> = shapes
        .all
        .iter()
        .filter(|shape| !plan.only_templates || shape.is_plain())
        .collect();
    let mut made = Made::default();
    fs::create_dir_all(root)?;
    if !plan.only_templates {
        fs::write(root.join(".gitignore"), "node_modules/\n*.log\n/out/\n")?;
    }
    // A hundred and fifty files to a service, in the mean.
    let services = (plan.files / 150).max(1);
    for number in 0..plan.files {
        // Spreads the candidates evenly, to the last one.
        let is_candidate =
            (number + 1) * plan.candidates / plan.files > number * plan.candidates / plan.files;
        let service = random.usize(..services);
        let word = |number: usize| WORDS.get(number % WORDS.len()).copied().unwrap_or_default();
        let service = root
            .join(
                ["services", "platform", "apps", "teams"]
                    .get(service % 4)
                    .unwrap_or(&""),
            )
            .join(word(service / 4))
            .join(format!("{}-{service}", word(service / 7)));
        if !plan.only_templates && !made.folders.contains(&service) {
            ignored(&service, &mut made, &mut random)?;
        }
        let name = format!(
            "{}-{}-{number}",
            random.choice(WORDS).unwrap_or_default(),
            random.choice(WORDS).unwrap_or_default()
        );
        if is_candidate {
            let shape = random.choice(&shapes);
            let Some(shape) = shape else { continue };
            let count = random.usize(..10);
            let text = shape.with(count, &mut random);
            let folder = ["infra", "infra/stacks", "infra/stacks/regions/eu"];
            let folder = service.join(random.choice(folder).unwrap_or_default());
            made.file(
                &folder,
                &format!("{name}.{}", shape.ending),
                text.as_bytes(),
            )?;
            continue;
        }
        let mut share = random.u32(..KINDS.iter().map(|kind| kind.1).sum::<u32>());
        let kind = KINDS.iter().find(|kind| {
            let is_it = share < kind.1;
            share = share.saturating_sub(kind.1);
            is_it
        });
        let Some((ending, _, folder, content)) = kind else {
            continue;
        };
        // From some hundred bytes to thirty thousand, most of them of a few thousand.
        let most = random.usize(..=30_000);
        let most = random.usize(..=most);
        let size = 200 + random.usize(..=most);
        let bytes = filled(*content, size, &mut random);
        made.file(&service.join(folder), &format!("{name}.{ending}"), &bytes)?;
    }
    Ok(())
}

/// The folders that there are.
#[derive(Default)]
struct Made {
    folders: HashSet<PathBuf>,
}

impl Made {
    fn file(&mut self, folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
        if self.folders.insert(folder.to_path_buf()) {
            fs::create_dir_all(folder)?;
        }
        fs::write(folder.join(name), bytes)
    }
}

/// What a service has that is not looked at: an ignore file of its own, in some, and what
/// that or the one of the root leaves out.
fn ignored(service: &Path, made: &mut Made, random: &mut fastrand::Rng) -> io::Result<()> {
    made.file(service, "debug.log", b"started\n")?;
    if random.u8(..).is_multiple_of(3) {
        made.file(
            service,
            ".gitignore",
            b"dist/\n*.local.json\n!keep.local.json\n",
        )?;
        made.file(
            service,
            "settings.local.json",
            b"{\"Type\": \"AWS::ECR::Repository\"}\n",
        )?;
        let folder = service.join("dist");
        for number in 0..3 {
            let text = filled(Content::Json, 2_000, random);
            made.file(&folder, &format!("chunk-{number}.json"), &text)?;
        }
    }
    if random.u8(..).is_multiple_of(8) {
        for name in ["left-pad", "is-odd"] {
            let folder = service.join("node_modules").join(name);
            made.file(&folder, "package.json", b"{\"name\": \"it\"}\n")?;
        }
    }
    Ok(())
}

/// A file of that kind and of about that many bytes.
fn filled(content: Content, size: usize, random: &mut fastrand::Rng) -> Vec<u8> {
    if let Content::Binary = content {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(std::iter::repeat_with(|| random.u8(..)).take(size));
        return bytes;
    }
    let mut text = match content {
        Content::Manifest => "apiVersion: apps/v1\nkind: Deployment\nspec:\n",
        Content::Chart => "{{- if .Values.enabled }}\napiVersion: v1\nkind: Service\nspec:\n",
        Content::Json => "{\n  \"name\": \"it\"",
        Content::Template => "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n",
        Content::Code | Content::Prose | Content::Binary => "",
    }
    .to_owned();
    while text.len() < size {
        let mut word = || random.choice(WORDS).unwrap_or_default();
        let (a, b, c) = (word(), word(), word());
        let number = random.u16(..);
        let line = match content {
            Content::Code => format!("const {a}{number} = {b}.{c}({number});  // {c} of {a}\n"),
            Content::Prose => format!("The {a} of a {b} is the {c} with the number {number}.\n"),
            Content::Json if number.is_multiple_of(9) => {
                format!(",\n  \"{a}{number}\": \"{b}\\n\\u00e9 \\\"{c}\\\"\"")
            }
            Content::Json => format!(",\n  \"{a}{number}\": {{\"{b}\": [\"{c}\", {number}]}}"),
            Content::Manifest if number.is_multiple_of(31) => {
                format!("  {a}{number}: |\n    docker build \\\n      --tag {b} .\n")
            }
            Content::Manifest => format!("  {a}{number}:\n    - {b}: {c}  # {number}\n"),
            Content::Chart => format!("  {a}{number}: {{{{ .Values.{b}.{c} | quote }}}}\n"),
            Content::Template => other(&stock::YAML, random),
            Content::Binary => String::new(),
        };
        text += &line;
    }
    text += match content {
        Content::Json => "\n}\n",
        Content::Chart => "{{- end }}\n",
        _ => "",
    };
    text.into_bytes()
}
