//! Templates as long as real ones, by a seed.
//!
//! Half of them grow around the input of a fixture, so that every way to break the rule is there;
//! the others are made of the stock alone, with parameters, conditions and outputs beside the
//! resources. Where a template lies and what it is named is not known here.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::stock::{self, Stock};

/// What the fixtures have to offer.
pub(crate) struct Shapes {
    /// By name, so that their order is the same everywhere.
    all: Vec<Shape>,
}

struct Shape {
    text: String,
    ending: String,
}

/// A template and how its file's name ends.
pub(crate) struct Template {
    pub(crate) text: String,
    pub(crate) ending: String,
}

impl Shapes {
    /// Reads the fixtures without flags that are fixed, comply or declare no ECR repository.
    /// With `only_plain`, skips those that cfn-guard or Checkov cannot read.
    pub(crate) fn read(only_plain: bool) -> Result<Shapes, String> {
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
                    {
                        let ending = ending.to_owned();
                        all.push(Shape { text, ending });
                    }
                }
            }
        }
        if only_plain {
            all.retain(Shape::is_plain);
        }
        if all.is_empty() {
            return Err(format!("{} holds no shapes", root.display()));
        }
        Ok(Shapes { all })
    }

    /// Makes a template of about that many bytes.
    pub(crate) fn template(&self, size: usize, random: &mut fastrand::Rng) -> Template {
        let is_minified = random.u8(..10) == 0;
        if !is_minified && random.bool() {
            let shape = random.choice(&self.all);
            let grown = shape.and_then(|shape| Some((shape, shape.grown(size, random)?)));
            if let Some((shape, text)) = grown {
                let ending = shape.ending.clone();
                return Template { text, ending };
            }
        }
        if is_minified || random.u8(..3) == 0 {
            // Without the white space it is about two thirds as long.
            let size = if is_minified { size * 3 / 2 } else { size };
            let text = JSON.template(size, random);
            let text = if is_minified { minified(&text) } else { text };
            let ending = random
                .choice(["json", "json", "template"])
                .unwrap_or("json");
            return Template {
                text,
                ending: ending.to_owned(),
            };
        }
        let ending = random.choice(["yaml", "yaml", "yml"]).unwrap_or("yaml");
        Template {
            text: YAML.template(size, random),
            ending: ending.to_owned(),
        }
    }
}

/// How many bytes a template has: most have a few thousand, some a hundred thousand.
///
/// Drawn log-normal with a median of 4 KB and a mean of 10 KB, which is what templates in public
/// git repositories have; `CloudFormation` takes at most 1 MB.
pub(crate) fn size(random: &mut fastrand::Rng) -> usize {
    const MEDIAN: f64 = 4_000.0;
    // The mean of a log-normal distribution is exp(sigma² / 2) times its median.
    let sigma = (2.0 * (10.0_f64 / 4.0).ln()).sqrt();
    // Box and Muller: two even numbers make a normal one. 1 - f64() is never 0.
    let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
    let normal = radius * (std::f64::consts::TAU * random.f64()).cos();
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped above 0"
    )]
    let size = (MEDIAN * (sigma * normal).exp()).clamp(150.0, 1_000_000.0) as usize;
    size
}

/// Returns the paths in a folder, sorted; none if it is not a folder.
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

/// Text that marks a fixture as unreadable for cfn-guard or Checkov, which stop at the first such
/// file: invalid Checkov skips, anchors and merges, markup, odd JSON and flow mappings, and
/// invalid resource types.
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

    /// The text with more resources at its end, so that it is about that long; none if it is
    /// longer, or much shorter and not of a kind that can grow.
    fn grown(&self, size: usize, random: &mut fastrand::Rng) -> Option<String> {
        let room = size.checked_sub(self.text.len())?;
        let text = match self.form() {
            Form::Json(body) => {
                let mut text = format!("{body}\n    }}");
                for resource in filling(stock::JSON.others, room, random) {
                    text += ",\n";
                    text += &resource;
                }
                text + JSON_END_OF_RESOURCES
            }
            Form::Yaml => {
                let resources = filling(stock::YAML.others, room, random);
                format!("{}{}", self.text, resources.concat())
            }
            Form::Closed if room > self.text.len() => return None,
            Form::Closed => self.text.clone(),
        };
        Some(text)
    }

    /// How more resources can be written at the end.
    fn form(&self) -> Form<'_> {
        let text = &self.text;
        // A text that needs these bytes as they are must not grow.
        if !text.is_ascii() || text.contains(['\r', '\t']) || !text.ends_with('\n') {
            return Form::Closed;
        }
        let json_end = format!("\n    }}{JSON_END_OF_RESOURCES}");
        if let Some(body) = text.strip_suffix(&json_end) {
            let mut sections = body.lines().filter(|line| {
                line.starts_with("  \"") && line.ends_with('{') && !line.starts_with("   ")
            });
            let is_open = sections.next_back() == Some("  \"Resources\": {");
            return if is_open {
                Form::Json(body)
            } else {
                Form::Closed
            };
        }
        let is_section = |line: &&str| !line.starts_with([' ', '#', '-']) && !line.is_empty();
        let first_id = text.lines().skip_while(|line| *line != "Resources:").nth(1);
        let is_indented = first_id.is_some_and(|line| {
            line.starts_with("  ") && !line.starts_with("   ") && line.ends_with(':')
        });
        let is_open = text.lines().rfind(is_section) == Some("Resources:");
        let is_one = !text.lines().any(|line| line.starts_with("---"));
        if is_indented && is_open && is_one {
            Form::Yaml
        } else {
            Form::Closed
        }
    }
}

/// How a text that ends in resources can go on.
enum Form<'a> {
    /// As JSON, after these bytes and the end of the last resource.
    Json(&'a str),
    Yaml,
    Closed,
}

const JSON_END_OF_RESOURCES: &str = "\n  }\n}\n";

/// What a template of one format is made of.
struct Format {
    stock: &'static Stock,
    is_json: bool,
    /// What declares a mutability value, before and after the value.
    mutability: [&'static str; 2],
    start: &'static str,
    /// The parameters that the stock names.
    parameters: &'static str,
    parameter: &'static str,
    conditions: &'static str,
    output: &'static str,
}

const YAML: Format = Format {
    stock: &stock::YAML,
    is_json: false,
    mutability: ["      ImageTagMutability: ", "\n"],
    start: "AWSTemplateFormatVersion: '2010-09-09'\n",
    parameters: "  Stage: {Type: String, Default: test, AllowedValues: [test, production]}
  Project:
    Type: String
  ProductionAccount:
    Type: String
    AllowedPattern: '[0-9]{12}'
  Vpc:
    Type: AWS::EC2::VPC::Id
  ImageTag: {Type: String, Default: latest}
  Cpu: {Type: Number, Default: 256}
  Memory: {Type: Number, Default: 512}
",
    parameter: "  Parameter~:
    Type: String
    Description: The size of cluster ~, which decides how many tasks it runs
    Default: small
    AllowedValues:
      - small
      - large
",
    conditions: "  IsProduction: !Equals [!Ref Stage, production]\n",
    output: "  Output~:
    Description: Where service ~ is reached
    Value: !GetAtt Role~.Arn
    Export:
      Name: !Sub '${AWS::StackName}-output-~'
",
};

const JSON: Format = Format {
    stock: &stock::JSON,
    is_json: true,
    mutability: ["\n        \"ImageTagMutability\": \"", "\","],
    start: "  \"AWSTemplateFormatVersion\": \"2010-09-09\"",
    parameters: r#"    "Stage": {
      "Type": "String",
      "Default": "test"
    },
    "Project": {
      "Type": "String"
    },
    "Vpc": {
      "Type": "AWS::EC2::VPC::Id"
    },
    "ImageTag": {
      "Type": "String",
      "Default": "latest"
    }"#,
    parameter: r#"    "AssetParameters~": {
      "Type": "String",
      "Description": "S3 bucket for asset \"~\""
    }"#,
    conditions: r#"    "IsProduction": {
      "Fn::Equals": [{ "Ref": "Stage" }, "production"]
    }"#,
    output: r#"    "Output~": {
      "Value": { "Fn::GetAtt": ["Role~", "Arn"] },
      "Export": {
        "Name": { "Fn::Sub": "${AWS::StackName}-output-~" }
      }
    }"#,
};

impl Format {
    /// A template with an ECR repository, or a few, among other resources.
    fn template(&self, size: usize, random: &mut fastrand::Rng) -> String {
        let is_short = size < 1_500;
        let mut sections = vec![self.start.to_owned()];
        let mut outputs = Vec::new();
        if !is_short {
            let mut parameters = filling(&[self.parameter], size / 12, random);
            parameters.insert(0, self.parameters.to_owned());
            sections.push(self.section("Parameters", &parameters));
            sections.push(self.section("Conditions", &[self.conditions.to_owned()]));
            outputs = filling(&[self.output], size / 12, random);
        }
        let mut resources = vec![self.ecr_repository(is_short, random)];
        // One template in five has more than one.
        while !is_short && random.u8(..5) == 0 {
            resources.push(self.ecr_repository(is_short, random));
        }
        let taken: usize = [&sections, &outputs, &resources]
            .into_iter()
            .flatten()
            .map(String::len)
            .sum();
        resources.extend(filling(
            self.stock.others,
            size.saturating_sub(taken),
            random,
        ));
        random.shuffle(&mut resources);
        sections.push(self.section("Resources", &resources));
        if !outputs.is_empty() {
            sections.push(self.section("Outputs", &outputs));
        }
        if self.is_json {
            format!("{{\n{}\n}}\n", sections.join(",\n"))
        } else {
            sections.concat()
        }
    }

    fn section(&self, name: &str, entries: &[String]) -> String {
        if self.is_json {
            format!("  \"{name}\": {{\n{}\n  }}", entries.join(",\n"))
        } else {
            format!("{name}:\n{}", entries.concat())
        }
    }

    fn ecr_repository(&self, is_short: bool, random: &mut fastrand::Rng) -> String {
        let forms = self.stock.ecr_repositories;
        let form = if is_short {
            forms.first()
        } else {
            random.choice(forms)
        };
        let mutability = match random.u8(..4) {
            0 => Some("IMMUTABLE"),
            1 => Some("MUTABLE"),
            _ => None,
        };
        let [before, after] = self.mutability;
        let declaration = mutability.map(|value| format!("{before}{value}{after}"));
        numbered(form.unwrap_or(&""), random).replace('@', &declaration.unwrap_or_default())
    }
}

/// Entries of these forms that are together about that long.
fn filling(forms: &[&str], room: usize, random: &mut fastrand::Rng) -> Vec<String> {
    let mut entries = Vec::new();
    let mut left = room;
    while let Some(form) = random.choice(forms) {
        // The last one may be too long by half.
        if left < form.len() / 2 {
            break;
        }
        left = left.saturating_sub(form.len());
        entries.push(numbered(form, random));
    }
    entries
}

/// The form with a number in its names.
pub(crate) fn numbered(form: &str, random: &mut fastrand::Rng) -> String {
    form.replace('~', &random.u32(..).to_string())
}

/// The JSON without the white space between its tokens.
fn minified(json: &str) -> String {
    let (mut in_string, mut is_escaped) = (false, false);
    json.chars()
        .filter(|&char| {
            if char == '"' && !is_escaped {
                in_string = !in_string;
            }
            is_escaped = in_string && char == '\\' && !is_escaped;
            in_string || !char.is_ascii_whitespace()
        })
        .collect()
}
