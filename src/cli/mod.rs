//! The command line: arguments to [`Options`].
//!
//! This module owns every use of `clap`, the words of the help, and the
//! defaults of what only the command line can say. What a file can say, too,
//! becomes a [`Layer`]; which layer wins is for [`crate::settings`]. It opens no file. What is
//! generated from the definition of the command line, completions and manual pages, is in
//! [`manual`].

pub(crate) mod manual;

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::explain::{self, Topic};
use crate::files::discover::{MAX_THREADS, Partition, Selection};
use crate::options::{
    Color, ImpactFormat, Input, Mode, Options, OutputFile, OutputFormat, StandardOutput,
    SummaryFile, SummaryFormat, Verbosity,
};
use crate::settings::file::Choice;
use crate::settings::layer::{Glob, Globs, Layer, Setting, Tags};
use immutag_engine::rule::MAX_FILTERS;
use immutag_engine::{DEFAULT_MAX_SIZE, TagPattern};

const EXAMPLES: &str = "\
Examples:
  immutag check                     report what breaks the rule below this folder
  immutag diff templates/ | less    review what a fix would change
  immutag diff | git apply          ... and apply just that
  immutag diff --output-format html > review.html
  immutag fix                       repair in place
  immutag fix --unsafe-fixes a.yaml also where it takes a decision of yours
  immutag fix --interactive         ask for each repair
  immutag check --since origin/main only what a branch changes
  immutag fix - < in.yaml > out.yaml
  immutag fix --keep-mutable latest where pipelines move that tag
  immutag explain computed          what a code in brackets means
  immutag impact                    which pipelines would break
  immutag config                    the settings that hold here, and why

Exit status:
  0  nothing left to do
  1  findings are left: any for check and diff; refused or unsafe ones for fix
  2  a usage error, an unreadable or invalid file, or a repair without proof
  130  interrupted by a signal, after the file in hand

Nothing is written that is not proven: each repaired text is read back by two
parsers that must both see the one intended change and no other.";

const CHECK_EXAMPLES: &str = "\
Examples:
  immutag check                         everything below this folder
  immutag check templates/ app.yaml     a folder and a file
  immutag check --strict --exclude '*.j2'
  immutag check --exit-zero -q | wc -l  count the findings
  git ls-files -z '*.yaml' | immutag check -0 --files-from -
                                        just what git tracks";

const DIFF_EXAMPLES: &str = "\
Examples:
  immutag diff | less                   review what a fix would change
  immutag diff --unsafe-fixes app.yaml  ... also where it takes a decision of yours
  immutag diff -q > immutable.patch     hand the change to somebody else
  immutag diff -q | git apply --index   ... or stage it";

const FIX_EXAMPLES: &str = "\
Examples:
  immutag fix                           everything below this folder
  immutag fix templates/ app.yaml       a folder and a file
  immutag fix --unsafe-fixes app.yaml   also where it takes a decision of yours
  immutag fix --keep-mutable latest     where pipelines move that tag
  immutag fix ~/src --require-clean --summary-file ~/campaign.md
                                        many git repositories, with a table of them
  immutag fix - < in.yaml > out.yaml    from standard input to standard output";

const IMPACT_EXAMPLES: &str = "\
Examples:
  immutag impact                        what pushes moving tags to what is found below here
  immutag impact templates/web.yaml     ... to what one template declares
  immutag impact --output-format json   the same for programs
  immutag impact --keep-mutable latest  ... but for a tag that is to move

Exit status:
  0  nothing was found, which does not mean that there is nothing
  1  moving tags are pushed
  2  a usage error, or an unreadable or invalid file";

const CONFIG_EXAMPLES: &str = "\
Examples:
  immutag config                    what holds here, and where it comes from
  immutag config --strict > immutag.toml
                                    begin a file of settings with it";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  immutag explain                       all codes, a line each
  immutag explain computed              one of them, with an example";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  immutag completions bash > ~/.local/share/bash-completion/completions/immutag
  immutag completions zsh > ~/.zfunc/_immutag
  immutag completions fish > ~/.config/fish/completions/immutag.fish
  immutag completions powershell >> $PROFILE

The folder for zsh must be in its `fpath` before `compinit` runs.";

const MAN_EXAMPLES: &str = "\
Examples:
  immutag man | man -l -                read the page of the program
  immutag man fix | man -l -            ... and that of a command
  immutag man fix > immutag-fix.1       make a file for a package";

/// A shell that completions are there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(clippy::enum_variant_names, reason = "that is its name")]
pub(crate) enum Shell {
    /// GNU Bash, with its package bash-completion or without.
    Bash,
    /// The Z shell, with `compinit`.
    Zsh,
    /// The friendly interactive shell.
    Fish,
    /// `PowerShell`, on any system.
    #[value(name = "powershell")]
    PowerShell,
}

impl ValueEnum for Color {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Auto, Self::Always, Self::Never]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::Auto => (
                "auto",
                "On a terminal, unless the environment (`NO_COLOR`) says otherwise",
            ),
            Self::Always => ("always", "Always"),
            Self::Never => ("never", "Never"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

impl ValueEnum for OutputFormat {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Full => "Findings with the lines around them, for people [default on a terminal]",
            Self::Concise => "A line per finding, for editors and `grep` [default elsewhere]",
            Self::Patch => "A patch for `git apply` and `patch -p1` [default of `diff`]",
            Self::Json => {
                "One JSON document, for programs; schema in docs/immutag-output.schema.json"
            }
            Self::Jsonl => {
                "The same as JSON lines: one for the run, one per file, one for the summary"
            }
            Self::Sarif => "SARIF 2.1.0 with fixes and suppressions, for code scanning",
            Self::Rdjson => "Diagnostics with suggestions, for reviewdog",
            Self::Github => "Annotations of GitHub workflows",
            Self::Gitlab => "A Code Quality report for GitLab",
            Self::Junit => "A report as of unit tests, a case for each finding",
            Self::Markdown => "A comment for a pull request, with a table and folded diffs",
            Self::Html => "A page to review in a browser, in one file",
        };
        Some(PossibleValue::new(self.name()).help(help))
    }
}

impl ValueEnum for ImpactFormat {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Text, Self::Json]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::Text => ("text", "A line per push, and what to do, for people"),
            Self::Json => (
                "json",
                "One JSON document, for programs; schema in docs/immutag-impact.schema.json",
            ),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

/// What the process is asked to do.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    /// To look at files.
    Run(Box<Options>),
    /// To look for what pushes tags that move.
    Impact(Box<Options>, ImpactFormat),
    /// To print the settings that hold.
    Settings(Choice, Box<Layer>),
    /// To say what a code means, or all of them.
    Explain(Option<Topic>),
    /// To print the completions for a shell.
    Completions(Shell),
    /// To print the manual page of the program, or of the subcommand with
    /// this name, which there is.
    Manual(Option<String>),
}

/// Reads the arguments of the process.
///
/// # Errors
/// What clap has to say: a usage error, or the help that was asked for. Its
/// exit status is 2 and 0.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = std::ffi::OsString>,
) -> Result<Request, clap::Error> {
    Cli::try_parse_from(arguments)?.into_request()
}

/// The definition of the command line, for generators of completions and
/// manual pages.
#[must_use]
pub(crate) fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Makes CloudFormation templates declare their ECR repositories
/// `ImageTagMutability: IMMUTABLE`, changing only the bytes that must change.
#[derive(Parser)]
#[command(name = "immutag", version, after_help = EXAMPLES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Report the repositories that break the rule, a line each
    #[command(after_help = CHECK_EXAMPLES)]
    Check {
        #[command(flatten)]
        common: Common,
        /// Do not look for pipelines that would break
        ///
        /// Without this, a summary for people says so where a folder is checked
        /// and something in its git repository pushes a moving tag to what would
        /// be repaired: see `immutag impact`. Files that are named one by one, as
        /// hooks do, get no such look.
        #[arg(long, help_heading = "Result")]
        no_impact: bool,
    },
    /// Print what `fix` would change, as a patch for `git apply` or `patch -p1`
    #[command(after_help = DIFF_EXAMPLES)]
    Diff(Common),
    /// Repair the templates in place
    #[command(after_help = FIX_EXAMPLES)]
    Fix {
        #[command(flatten)]
        common: Common,
        /// Ask for each repair, as `git add -p` does
        ///
        /// Needs a terminal. The answers: y (yes), n (no), a (this and all that
        /// follow in the file), d (neither this nor any that follows in the file),
        /// q (no more at all), e (explain the code), ? (help).
        #[arg(short, long, help_heading = "Rule")]
        interactive: bool,
        /// Refuse to write a file that has changes which are not committed
        ///
        /// For campaigns over many repositories: each such file is an error that names it.
        /// Asks git for its status in each repository that a repair is made in. A file that
        /// git is told not to look at (skip-worktree, assume-unchanged) is refused, too.
        #[arg(long, help_heading = "Files")]
        require_clean: bool,
        /// Exit with 1 if a file was changed
        #[arg(long, help_heading = "Result")]
        exit_non_zero_on_fix: bool,
    },
    /// Find what pushes moving tags to the repositories that would turn immutable
    ///
    /// Reads the pipelines, scripts and build files of the git repositories that
    /// hold the templates. Nothing is run. What is not found may be there all the
    /// same: the report ends with what is not seen.
    #[command(after_help = IMPACT_EXAMPLES)]
    Impact {
        /// Files and folders with templates [default: .]
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        settings: SettingFlags,
        /// Look at files that .gitignore and the like leave out
        #[arg(long, help_heading = "Files")]
        no_ignore: bool,
        /// How standard output is written
        #[arg(
            long,
            value_enum,
            value_name = "FORMAT",
            default_value_t,
            help_heading = "Result"
        )]
        output_format: ImpactFormat,
        /// Exit with 0 although moving tags are pushed; errors still exit with 2
        #[arg(long, help_heading = "Result")]
        exit_zero: bool,
    },
    /// Print the settings that hold here, and where each comes from
    ///
    /// The output is an `immutag.toml` that says the same, with a comment on
    /// each line: the line of the file that it comes from, the flag, or
    /// `default`.
    #[command(after_help = CONFIG_EXAMPLES)]
    Config(SettingFlags),
    /// Say what a code in brackets means, with an example and what to do
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain {
        /// The code; all of them are listed without one
        #[arg(value_parser = PossibleValuesParser::new(explain::topics().map(|t| t.code)), hide_possible_values = true)]
        code: Option<String>,
    },
    /// Print what makes a shell complete commands and flags
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print a manual page, for `man -l` or a package
    #[command(after_help = MAN_EXAMPLES)]
    Man {
        /// The command that the page is about [default: immutag itself]
        #[arg(value_parser = page)]
        command: Option<String>,
    },
}

/// What `immutag.toml` can say, too.
#[derive(Args, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line, as users write it"
)]
struct SettingFlags {
    /// Pass only what is proven to be a literal IMMUTABLE
    ///
    /// What cannot be decided (a parameter, a function) counts as a finding
    /// then, and so does `IMMUTABLE_WITH_EXCLUSION`. `--no-strict` undoes it,
    /// and what immutag.toml says.
    #[arg(long, overrides_with = "no_strict", help_heading = "Rule")]
    strict: bool,
    /// Undo --strict, and what immutag.toml says of it
    #[arg(
        long,
        overrides_with = "strict",
        hide_short_help = true,
        help_heading = "Rule"
    )]
    no_strict: bool,
    /// Allow repairs that take a decision of yours
    ///
    /// Among them: replacing a word that a script may fill in, dropping
    /// exclusion filters, changing a node that others share by an alias.
    /// `--no-unsafe-fixes` undoes it, and what immutag.toml says.
    #[arg(long, overrides_with = "no_unsafe_fixes", help_heading = "Rule")]
    unsafe_fixes: bool,
    /// Undo --unsafe-fixes, and what immutag.toml says of it
    #[arg(
        long,
        overrides_with = "unsafe_fixes",
        hide_short_help = true,
        help_heading = "Rule"
    )]
    no_unsafe_fixes: bool,
    /// Let this tag stay mutable, `latest` say; `*` stands for any characters
    ///
    /// For pipelines that move a tag. What is repaired then declares
    /// `IMMUTABLE_WITH_EXCLUSION` and an exclusion filter for each TAG (give
    /// the option up to 5 times), and passes under --strict, too.
    #[arg(long, value_name = "TAG", value_parser = TagPattern::new, help_heading = "Rule")]
    keep_mutable: Vec<TagPattern>,
    /// Cover `AWS::ECR::RepositoryCreationTemplate`, too
    ///
    /// Not where its `AppliedFor` holds `PULL_THROUGH_CACHE`: the tags of a
    /// cache move when those upstream do. `--no-creation-templates` undoes it,
    /// and what immutag.toml says.
    #[arg(long, overrides_with = "no_creation_templates", help_heading = "Rule")]
    creation_templates: bool,
    /// Undo --creation-templates, and what immutag.toml says of it
    #[arg(
        long,
        overrides_with = "creation_templates",
        hide_short_help = true,
        help_heading = "Rule"
    )]
    no_creation_templates: bool,
    /// Report what is found in files that match, and never write them
    ///
    /// GLOB is one as for --exclude, relative to this folder. What is found
    /// there counts as left.
    #[arg(long, value_name = "GLOB", help_heading = "Rule")]
    report_only: Vec<String>,

    /// Read the settings from this file, and from no immutag.toml
    ///
    /// Without this, `immutag.toml` is looked for in this folder and those
    /// above it, up to the root of the repository. Flags win over the file.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "no_config",
        help_heading = "Files"
    )]
    config: Option<PathBuf>,
    /// Read no immutag.toml
    #[arg(long, help_heading = "Files")]
    no_config: bool,
    /// Look only at files that match, in folders [default: *.yaml, *.yml, *.json,
    /// *.template, *.j2, *.jinja, *.tmpl, *.tpl]
    #[arg(long, value_name = "GLOB", help_heading = "Files")]
    include: Vec<String>,
    /// Leave out files and folders that match
    #[arg(long, value_name = "GLOB", help_heading = "Files")]
    exclude: Vec<String>,
}

impl SettingFlags {
    /// Which file of settings is read, and what the flags say.
    fn into_layer(self) -> Result<(Choice, Layer), clap::Error> {
        let switch = |on: bool, off: bool, names: (&'static str, &'static str)| {
            let name = if on { names.0 } else { names.1 };
            (on || off).then(|| Setting::flag(name, on))
        };
        let globs = |name, globs: Vec<String>| {
            let globs: Vec<Glob> = globs.into_iter().map(Glob::unchecked).collect();
            (!globs.is_empty()).then(|| Setting::flag(name, globs))
        };
        let at_least_one = |setting: Setting<Vec<Glob>>| {
            let value = Globs::try_from(setting.value).ok()?;
            let origin = setting.origin;
            Some(Setting { value, origin })
        };
        let tags: Tags = self.keep_mutable.into_iter().collect();
        let count = tags.as_slice().len();
        if count > MAX_FILTERS {
            return usage(&format!(
                "--keep-mutable takes at most {MAX_FILTERS} tags, as ECR does; use `*` for several"
            ));
        }
        let report_only = globs("--report-only", self.report_only).and_then(at_least_one);
        let report_only = report_only.map(|paths| Setting {
            origin: paths.origin,
            value: Layer {
                paths: Some(paths),
                report_only: Some(Setting::flag("--report-only", true)),
                ..Layer::default()
            },
        });
        let layer = Layer {
            include: globs("--include", self.include).and_then(at_least_one),
            exclude: globs("--exclude", self.exclude),
            strict: switch(self.strict, self.no_strict, ("--strict", "--no-strict")),
            unsafe_fixes: switch(
                self.unsafe_fixes,
                self.no_unsafe_fixes,
                ("--unsafe-fixes", "--no-unsafe-fixes"),
            ),
            keep_mutable: (count > 0).then(|| Setting::flag("--keep-mutable", tags)),
            creation_templates: switch(
                self.creation_templates,
                self.no_creation_templates,
                ("--creation-templates", "--no-creation-templates"),
            ),
            overrides: report_only.into_iter().collect(),
            ..Layer::default()
        };
        let choice = match self.config {
            Some(file) => Choice::Named(file),
            None if self.no_config => Choice::Not,
            None => Choice::Found,
        };
        Ok((choice, layer))
    }
}

#[derive(Args, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line, independent of the others"
)]
struct Common {
    /// Files and folders to look at, `-` for standard input [default: .]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    settings: SettingFlags,

    /// Let those tags stay mutable that pipelines here move, and no others
    ///
    /// For each repository, those that `immutag impact` finds become exclusion
    /// filters, as with --keep-mutable. Needs --unsafe-fixes: no look at files
    /// finds all that pushes.
    #[arg(long, help_heading = "Rule")]
    keep_moving_tags: bool,

    /// Report and repair what an ignore hides, too
    ///
    /// Without this, what a user asked to leave alone is reported as
    /// suppressed, does not count, and is not edited: `# immutag: ignore`
    /// above a key, the ignores of KICS, Datadog, Checkov, Guard, Trivy and
    /// tfsec for this rule, and the lists `.trivyignore` and
    /// `.trivyignore.yaml` in the working directory. To see what they hide:
    /// `immutag check --no-suppressions`.
    #[arg(
        long,
        conflicts_with = "report_unused_suppressions",
        help_heading = "Rule"
    )]
    no_suppressions: bool,
    /// Name the ignores that hide nothing, and those that have expired
    ///
    /// They are notes and do not change the exit status. An ignore for another
    /// rule is none of them. To find what can be deleted:
    /// `immutag check --report-unused-suppressions`.
    #[arg(long, help_heading = "Rule")]
    report_unused_suppressions: bool,

    /// Let --exclude bind files that are named explicitly, too
    #[arg(long, help_heading = "Files")]
    force_exclude: bool,
    /// Look at files that .gitignore and the like leave out
    #[arg(long, help_heading = "Files")]
    no_ignore: bool,
    /// Look at hidden files and folders
    #[arg(long, help_heading = "Files")]
    hidden: bool,
    /// Read the paths to look at from a file, `-` for standard input
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    files_from: Option<PathBuf>,
    /// Paths in --files-from end in NUL, as `git ls-files -z '*.yaml'` prints them
    #[arg(short = '0', long, requires = "files_from", help_heading = "Files")]
    null: bool,
    /// Look only at what is staged, as git's index has it
    ///
    /// `fix` writes to the work tree, where it agrees with the index, and stages nothing;
    /// a file with other changes is an error. `diff` is against the index: `immutag diff
    /// --staged | git apply --cached`.
    #[arg(long, conflicts_with_all = ["since", "files_from"], help_heading = "Files")]
    staged: bool,
    /// Look only at files that have changed since the merge base with a revision,
    /// `origin/main` say; new files that are not ignored are among them
    #[arg(
        long,
        value_name = "REV",
        conflicts_with = "files_from",
        help_heading = "Files"
    )]
    since: Option<String>,
    /// Take only part K of N of all files, `2/8` say, for several machines
    ///
    /// The N parts share no file and are all files together, if the paths given are the
    /// same. A git repository below a folder that is given is not split.
    #[arg(long, value_name = "K/N", value_parser = parse_partition, help_heading = "Files")]
    partition: Option<Partition>,
    /// How many threads to use [default: as many as there are cores]
    #[arg(
        short,
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..=MAX_THREADS as i64),
        help_heading = "Files"
    )]
    jobs: Option<u16>,
    /// The name to report for standard input
    #[arg(long, value_name = "NAME", help_heading = "Files")]
    stdin_filename: Option<PathBuf>,
    /// Refuse larger files, in bytes or with K, M or G [default: 16M]
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "Files")]
    max_file_size: Option<u64>,

    /// How standard output is written
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Result")]
    output_format: Option<OutputFormat>,
    /// Write a report to a file as well, as in `sarif=immutag.sarif`; several times for
    /// several formats
    ///
    /// A FILE without a format takes what --output-format says, in the place of standard
    /// output. A report is never scanned, and never written over a template.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = OsStringValueParser::new().map(|arg| split_format(&arg)), help_heading = "Result")]
    output_file: Vec<(Option<OutputFormat>, PathBuf)>,
    /// Write what each git repository came to into a file, as in `markdown=campaign.md`
    ///
    /// A FILE without `json=` or `markdown=` is Markdown if its name ends in `.md`, and
    /// else JSON. It must lie outside of the folders and repositories that are looked at.
    #[arg(long, value_name = "[FORMAT=]FILE", value_parser = OsStringValueParser::new().map(|arg| split_summary(&arg)), help_heading = "Result")]
    summary_file: Option<SummaryFile>,
    /// Exit with 0 although findings are left; errors still exit with 2
    #[arg(long, help_heading = "Result")]
    exit_zero: bool,
    /// When to use colour; a coloured patch is for people, not for `git apply`
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        help_heading = "Result"
    )]
    color: Color,
    /// Say nothing but what was asked for
    #[arg(short, long, conflicts_with = "verbose", help_heading = "Result")]
    quiet: bool,
    /// Name the compliant templates, too
    #[arg(short, long, action = ArgAction::SetTrue, help_heading = "Result")]
    verbose: bool,
}

impl Cli {
    fn into_request(self) -> Result<Request, clap::Error> {
        let options = match self.command {
            Command::Check { common, no_impact } => Options {
                notes_impact: !no_impact,
                ..common.into_options(Mode::Check)?
            },
            Command::Diff(common) => common.into_options(Mode::Diff)?,
            Command::Fix {
                common,
                interactive,
                require_clean,
                exit_non_zero_on_fix,
            } => {
                let options = common.into_options(Mode::Fix)?;
                if interactive && !matches!(options.input, Input::Paths) {
                    return usage("--interactive reads answers from standard input; name paths");
                }
                Options {
                    interactive,
                    require_clean,
                    exit_non_zero_on_fix,
                    ..options
                }
            }
            Command::Impact {
                paths,
                settings,
                no_ignore,
                output_format,
                exit_zero,
            } => {
                let common = Common {
                    paths,
                    settings,
                    no_ignore,
                    exit_zero,
                    ..Common::default()
                };
                if common.paths.contains(&PathBuf::from("-")) {
                    return usage("`impact` looks at the files around templates; name their paths");
                }
                let options = common.into_options(Mode::Check)?;
                return Ok(Request::Impact(Box::new(options), output_format));
            }
            Command::Config(settings) => {
                let (choice, layer) = settings.into_layer()?;
                return Ok(Request::Settings(choice, Box::new(layer)));
            }
            Command::Explain { code } => {
                let is_asked = |topic: &Topic| Some(topic.code) == code.as_deref();
                return Ok(Request::Explain(explain::topics().find(is_asked)));
            }
            Command::Completions { shell } => return Ok(Request::Completions(shell)),
            Command::Man { command } => return Ok(Request::Manual(command)),
        };
        Ok(Request::Run(Box::new(options)))
    }
}

impl Common {
    fn into_options(self, mode: Mode) -> Result<Options, clap::Error> {
        let input = self.input()?;
        let is_unnamed = matches!(input, Input::Stdin { .. }) && self.stdin_filename.is_none();
        if self.keep_moving_tags && is_unnamed {
            return usage(
                "--keep-moving-tags looks around the template for what pushes; with `-`, say \
                 which file that is: --stdin-filename",
            );
        }
        let (stdout, files) = self.output(mode, &input)?;
        let paths = if self.paths.is_empty() && !matches!(input, Input::List { .. }) {
            vec![PathBuf::from(".")]
        } else {
            self.paths
        };
        let (config, flags) = self.settings.into_layer()?;
        Ok(Options {
            mode,
            config,
            flags,
            selection: Selection {
                paths,
                no_ignore: self.no_ignore,
                hidden: self.hidden,
                force_exclude: self.force_exclude,
                threads: self.jobs.map_or(0, usize::from),
                partition: self.partition,
                ..Selection::default()
            },
            input,
            max_size: self.max_file_size.unwrap_or(DEFAULT_MAX_SIZE),
            heeds_suppressions: !self.no_suppressions,
            report_unused_suppressions: self.report_unused_suppressions,
            keep_moving_tags: self.keep_moving_tags,
            notes_impact: false,
            verbosity: match (self.quiet, self.verbose) {
                (true, _) => Verbosity::Quiet,
                (_, true) => Verbosity::Verbose,
                _ => Verbosity::Normal,
            },
            stdout,
            files,
            summary_file: self.summary_file,
            color: self.color,
            interactive: false,
            require_clean: false,
            exit_zero: self.exit_zero,
            exit_non_zero_on_fix: false,
        })
    }

    fn output(
        &self,
        mode: Mode,
        input: &Input,
    ) -> Result<(StandardOutput, Vec<OutputFile>), clap::Error> {
        let is_repaired_text = mode == Mode::Fix && matches!(input, Input::Stdin { .. });
        if is_repaired_text && self.output_format.is_some() {
            return usage(
                "`fix -` gives the repaired text on standard output; write a report with \
                 --output-file FORMAT=FILE",
            );
        }
        let mut stdout = match self.output_format {
            Some(format) => StandardOutput::Format(format),
            None => StandardOutput::Default,
        };
        let mut files: Vec<OutputFile> = Vec::new();
        for (format, path) in &self.output_file {
            let path = path.clone();
            let format = match (format, self.output_format) {
                (Some(format), _) => *format,
                (None, Some(format)) if stdout != StandardOutput::Nothing => {
                    stdout = StandardOutput::Nothing;
                    format
                }
                _ => {
                    return usage(&format!(
                        "--output-file takes a format and a file, as in sarif={}",
                        path.display()
                    ));
                }
            };
            if files.iter().any(|file| file.path == path) {
                return usage(&format!(
                    "--output-file names {} twice; a file takes one report",
                    path.display()
                ));
            }
            if self
                .summary_file
                .as_ref()
                .is_some_and(|file| file.path == path)
            {
                return usage(&format!(
                    "--output-file and --summary-file both name {}; a file takes one report",
                    path.display()
                ));
            }
            files.push(OutputFile { format, path });
        }
        Ok((stdout, files))
    }

    fn input(&self) -> Result<Input, clap::Error> {
        let dash = PathBuf::from("-");
        let is_stdin = self.paths.contains(&dash);
        let is_listed = self.files_from.is_some() || self.staged || self.since.is_some();
        if is_stdin && (self.paths.len() > 1 || is_listed) {
            return usage("`-` reads one text from standard input and goes with no other path");
        }
        if self.stdin_filename.is_some() && !is_stdin {
            return usage("--stdin-filename names the text of `-`; give `-` as the path");
        }
        if is_stdin {
            let name = self.stdin_filename.clone();
            return Ok(Input::Stdin {
                name: name.unwrap_or_else(|| PathBuf::from("stdin")),
            });
        }
        if self.staged {
            return Ok(Input::Staged);
        }
        if let Some(revision) = &self.since {
            return Ok(Input::Since(revision.clone()));
        }
        Ok(match &self.files_from {
            Some(from) => Input::List {
                from: Some(from.clone()).filter(|from| *from != dash),
                nul: self.null,
            },
            None => Input::Paths,
        })
    }
}

/// A usage error that is found after the arguments are taken apart.
fn usage<T>(message: &str) -> Result<T, clap::Error> {
    Err(command().error(clap::error::ErrorKind::ArgumentConflict, message))
}

/// A format and a file, or a file alone: `sarif=immutag.sarif`, `immutag.sarif`.
fn split_format(argument: &OsStr) -> (Option<OutputFormat>, PathBuf) {
    let whole = (None, PathBuf::from(argument));
    // A name that is no UTF-8 can be given without a format.
    let Some((format, file)) = argument.to_str().and_then(|text| text.split_once('=')) else {
        return whole;
    };
    match OutputFormat::from_str(format, false) {
        Ok(format) if !file.is_empty() => (Some(format), PathBuf::from(file)),
        _ => whole,
    }
}

/// A format of the summary and a file, or a file alone, whose name then tells.
fn split_summary(argument: &OsStr) -> SummaryFile {
    let named = argument.to_str().and_then(|text| text.split_once('='));
    let (format, path) = match named {
        Some(("json", file)) => (SummaryFormat::Json, PathBuf::from(file)),
        Some(("markdown", file)) => (SummaryFormat::Markdown, PathBuf::from(file)),
        _ => {
            let path = PathBuf::from(argument);
            let is_markdown = path.extension().is_some_and(|end| end == "md");
            let format = if is_markdown {
                SummaryFormat::Markdown
            } else {
                SummaryFormat::Json
            };
            (format, path)
        }
    };
    SummaryFile { format, path }
}

/// A part of so many: `2/8`.
fn parse_partition(text: &str) -> Result<Partition, String> {
    let numbers = text.split_once('/');
    numbers
        .and_then(|(number, count)| Partition::new(number.parse().ok()?, count.parse().ok()?))
        .ok_or_else(|| "not a part of so many, as 2/8; the first is 1".to_owned())
}

/// The name of a subcommand that has a page. Not possible values: a subcommand
/// cannot list its siblings while it is being defined.
fn page(name: &str) -> Result<String, String> {
    match command().find_subcommand(name) {
        Some(_) => Ok(name.to_owned()),
        None => Err("there is no such command".to_owned()),
    }
}

/// A number of bytes, or of KiB, MiB or GiB: `500000`, `16M`.
fn parse_size(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.strip_suffix(['k', 'K', 'm', 'M', 'g', 'G']) {
        Some(digits) => (digits, text.to_ascii_uppercase()),
        None => (text, String::new()),
    };
    let shift = match unit.chars().last() {
        Some('K') => 10,
        Some('M') => 20,
        Some('G') => 30,
        _ => 0,
    };
    digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(1 << shift))
        .ok_or_else(|| "not a number of bytes, as 500000 or 16M".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(arguments: &[&str]) -> Result<Options, clap::Error> {
        match parse(arguments.iter().map(Into::into))? {
            Request::Run(options) => Ok(*options),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn tags_are_those_that_ecr_takes() {
        let keep = |tags: &[&str]| {
            let flags = tags.iter().flat_map(|tag| ["--keep-mutable", tag]);
            options(
                &["immutag", "fix"]
                    .into_iter()
                    .chain(flags)
                    .collect::<Vec<_>>(),
            )
        };
        let kept = keep(&["latest", "dev-*", "*.*", "v1_2"]).unwrap();
        let count = |options: &Options| {
            let tags = options.flags.keep_mutable.as_ref();
            tags.map(|tags| tags.value.as_slice().len())
        };
        assert_eq!(count(&kept), Some(4));
        let twice = keep(&["a", "b", "a", "c", "d", "e"]).unwrap();
        assert_eq!(count(&twice), Some(5));
        for wrong in ["", "a b", "é", "***", &"x".repeat(129)] {
            assert!(keep(&[wrong]).is_err(), "{wrong}");
        }
        assert!(keep(&["a", "b", "c", "d", "e", "f"]).is_err());
    }

    #[test]
    fn the_last_of_a_switch_and_its_opposite_counts() {
        let strict = |flags: &[&str]| {
            let arguments: Vec<&str> = ["immutag", "config"].iter().chain(flags).copied().collect();
            match parse(arguments.iter().map(Into::into)) {
                Ok(Request::Settings(_, flags)) => flags.strict.map(|strict| strict.value),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(strict(&[]), None);
        assert_eq!(strict(&["--strict"]), Some(true));
        assert_eq!(strict(&["--strict", "--no-strict"]), Some(false));
        assert_eq!(strict(&["--no-strict", "--strict"]), Some(true));
    }

    #[test]
    fn the_definition_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn the_default_is_this_folder_but_not_beside_a_list() {
        let given = options(&["immutag", "check"]).unwrap();
        assert_eq!(given.selection.paths, [PathBuf::from(".")]);
        let given = options(&["immutag", "check", "--files-from", "list"]).unwrap();
        assert!(given.selection.paths.is_empty());
    }

    #[test]
    fn standard_input_stands_alone() {
        assert!(options(&["immutag", "fix", "-", "a.yaml"]).is_err());
        assert!(options(&["immutag", "fix", "-", "--files-from", "x"]).is_err());
        assert!(options(&["immutag", "fix", "a.yaml", "--stdin-filename", "b"]).is_err());
        assert!(options(&["immutag", "fix", "-", "--stdin-filename", "b.yaml"]).is_ok());
    }

    #[test]
    fn suppressions_count_unless_they_are_turned_off() {
        let given = options(&["immutag", "check"]).unwrap();
        assert!(given.heeds_suppressions && !given.report_unused_suppressions);
        let given = options(&["immutag", "fix", "--no-suppressions"]).unwrap();
        assert!(!given.heeds_suppressions);
        let both = [
            "immutag",
            "diff",
            "--no-suppressions",
            "--report-unused-suppressions",
        ];
        assert!(options(&both).is_err());
    }

    #[test]
    fn parts_are_numbered_from_one() {
        assert_eq!(parse_partition("2/8").ok(), Partition::new(2, 8));
        for wrong in ["", "0/2", "3/2", "1/0", "1", "1/2/3", "-1/2", "a/b", "1/ 2"] {
            assert!(parse_partition(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_name_of_a_summary_tells_its_format() {
        let file = |argument: &str| split_summary(OsStr::new(argument));
        for (argument, format, path) in [
            ("a.json", SummaryFormat::Json, "a.json"),
            ("a.md", SummaryFormat::Markdown, "a.md"),
            ("json=a.md", SummaryFormat::Json, "a.md"),
            ("markdown=a", SummaryFormat::Markdown, "a"),
            ("x=y", SummaryFormat::Json, "x=y"),
        ] {
            let path = PathBuf::from(path);
            assert_eq!(file(argument), SummaryFile { format, path });
        }
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse_size("500"), Ok(500));
        assert_eq!(parse_size("2k"), Ok(2048));
        assert_eq!(parse_size("16M"), Ok(DEFAULT_MAX_SIZE));
        for wrong in ["", "M", "-1", "1T", "99999999999G"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }
}
