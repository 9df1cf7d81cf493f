//! Trees of files, by a seed: what is looked through, and what is found in it.
//!
//! The folders, names, sizes and endings of a git repository of many services, with ignore files,
//! ignored folders, and binary files. What stands in a template with an ECR repository is made
//! elsewhere.

#![allow(
    clippy::disallowed_methods,
    reason = "it makes new files in a new folder"
)]

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::stock;
use super::template::{self, Shapes};

/// What a tree is to hold.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// The same seed gives the same tree.
    pub(crate) seed: u64,
    /// How many files, those in ignored folders and ignore files not counted.
    pub(crate) files: usize,
    /// How many of them name the resource type.
    pub(crate) candidates: usize,
    /// How many bytes the first of them has; None: as the others.
    pub(crate) large: Option<usize>,
    /// Nothing but templates: no ignore files, and no files that they leave out.
    pub(crate) only_templates: bool,
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

/// Makes the folder a git repository without a commit, as `git init` does.
pub(crate) fn begin_git(root: &Path) -> io::Result<()> {
    let git = root.join(".git");
    fs::create_dir_all(git.join("objects"))?;
    fs::create_dir_all(git.join("refs/heads"))?;
    fs::write(git.join("HEAD"), "ref: refs/heads/main\n")?;
    fs::write(
        git.join("config"),
        "[core]\n\trepositoryformatversion = 0\n\tbare = false\n",
    )
}

/// Makes a tree in a folder that is not there yet.
pub(crate) fn grow(root: &Path, plan: &Plan, shapes: &Shapes) -> io::Result<()> {
    let mut random = fastrand::Rng::with_seed(plan.seed);
    let mut made = Made::default();
    fs::create_dir_all(root)?;
    if !plan.only_templates {
        fs::write(root.join(".gitignore"), "node_modules/\n*.log\n/out/\n")?;
    }
    // A hundred and fifty files to a service, in the mean.
    let services = (plan.files / 150).max(1);
    let mut large = plan.large;
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
            let size = large.take().unwrap_or_else(|| template::size(&mut random));
            let template = shapes.template(size, &mut random);
            let folder = ["infra", "infra/stacks", "infra/stacks/regions/eu"];
            let folder = service.join(random.choice(folder).unwrap_or_default());
            made.file(
                &folder,
                &format!("{name}.{}", template.ending),
                template.text.as_bytes(),
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
            Content::Template => {
                template::numbered(random.choice(stock::YAML.others).unwrap_or(&""), random)
            }
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
