//! Completions, manual pages and help, as shells and readers take them.

use std::process::Command;

use immutag::testing;

use super::{IMMUTAG, immutag, run, said, tool, write};

fn completions(shell: &str) -> String {
    said(immutag().args(["completions", shell]))
}

/// Asks bash what it completes a line to, in a folder with `templates/`.
fn complete_in_bash(line: &str) -> Vec<String> {
    // As readline does it: the words up to the cursor, the function that
    // `complete` has registered, and file names where that has no answer.
    let script = r#"
        source <(immutag completions bash)
        read -ra COMP_WORDS <<< "$1"
        if [[ $1 == *' ' ]]; then COMP_WORDS+=(''); fi
        COMP_LINE=$1 COMP_POINT=${#1} COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        registered=$(complete -p immutag)
        [[ $registered =~ -F\ ([^ ]+) ]] || exit 3
        "${BASH_REMATCH[1]}" immutag "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        if [[ -z ${COMPREPLY[*]} && $registered == *'-o default'* ]]; then
            COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
        fi
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("templates/web.yaml"), "");
    let bin = std::path::Path::new(IMMUTAG);
    let shown = said(
        Command::new("bash")
            .args(["--norc", "-c", script, "bash", line])
            .env("PATH", super::path_with(bin.parent().unwrap()))
            .current_dir(folder.path()),
    );
    shown.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_flags_values_and_files() {
    let commands = complete_in_bash("immutag ");
    for name in ["check", "diff", "fix", "explain", "completions", "man"] {
        assert!(commands.iter().any(|word| word == name), "{commands:?}");
    }
    assert_eq!(
        complete_in_bash("immutag check --keep-mu"),
        ["--keep-mutable"]
    );
    assert_eq!(
        complete_in_bash("immutag fix --exit-non"),
        ["--exit-non-zero-on-fix"]
    );
    assert_eq!(
        complete_in_bash("immutag diff --color "),
        ["auto", "always", "never"]
    );
    assert_eq!(complete_in_bash("immutag fix tem"), ["templates"]);
}

#[test]
#[ignore = "needs IMMUTAG_ZSH"]
fn zsh_completes_a_flag() {
    let zsh = tool("IMMUTAG_ZSH");
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("_immutag"), &completions("zsh"));
    // A shell at a terminal, since only there it completes. It prints what it
    // has made of the line, and does not run it.
    let script = r#"
        zmodload zsh/zpty
        zpty shell "$1 -f -i"
        zpty -w shell 'PS1= TERM=dumb; unsetopt zle_bracketed_paste 2>/dev/null'
        zpty -w shell "fpath=($PWD \$fpath); autoload -Uz compinit; compinit -D -u"
        zpty -w shell 'told() { print -r -- "line<$BUFFER>"; zle .kill-buffer }; zle -N told; bindkey "^X" told; bindkey "^I" complete-word; print -r -- "rea""dy"'
        zpty -r shell seen '*ready*'
        zpty -w -n shell $'immutag check --keep-mu\t\x18'
        zpty -r shell seen '*line<*>*'
        print -r -- "$seen"
        zpty -d shell
    "#;
    let shown = said(
        Command::new("timeout")
            .args(["30", &zsh, "-f", "-c", script, "zsh", &zsh])
            .current_dir(folder.path()),
    );
    assert!(
        shown.contains("line<immutag check --keep-mutable"),
        "{shown}"
    );
}

#[test]
#[ignore = "needs IMMUTAG_FISH"]
fn fish_completes_commands_flags_and_values() {
    let fish = tool("IMMUTAG_FISH");
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("immutag.fish"), &completions("fish"));
    let complete = |line: &str| {
        let script = format!("source immutag.fish; complete -C '{line}'");
        let shown = said(
            Command::new(&fish)
                .args(["--no-config", "-c", &script])
                .env("HOME", folder.path())
                .current_dir(folder.path()),
        );
        let words = shown.lines().map(|line| line.split('\t').next().unwrap());
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(complete("immutag ").contains(&"explain".to_owned()));
    assert_eq!(complete("immutag check --keep-mu"), ["--keep-mutable"]);
    assert_eq!(
        complete("immutag diff --color "),
        ["always", "auto", "never"]
    );
}

/// No shell of this kind runs here: what can be said is that it registers, and
/// names every flag.
#[test]
fn powershell_is_told_of_every_flag() {
    let script = completions("powershell");
    assert!(script.contains("Register-ArgumentCompleter -Native -CommandName 'immutag'"));
    for (name, flags) in commands() {
        for flag in flags {
            assert!(script.contains(&format!("'{flag}'")), "{name} {flag}");
        }
    }
}

#[test]
fn a_shell_that_is_not_known_is_a_usage_error() {
    let done = run(immutag().args(["completions", "tcsh"]));
    assert_eq!(done.status, 2);
    assert!(
        done.said.contains("bash, zsh, fish, powershell"),
        "{done:?}"
    );
}

/// A reader that goes away, as `head` does, is no failure.
#[test]
fn what_is_printed_may_be_read_in_part() {
    for call in ["completions zsh", "man check"] {
        let script = format!("set -o pipefail; {{ sleep 0.2; '{IMMUTAG}' {call}; }} | true");
        let done = run(Command::new("bash").args(["-c", &script]));
        assert_eq!((done.status, done.said.as_str()), (0, ""), "{call}");
    }
}

/// Each subcommand with its long flags and its short ones, as clap has them;
/// the program itself with an empty name.
fn commands() -> Vec<(String, Vec<String>)> {
    let mut all = testing::command().disable_help_subcommand(true);
    all.build();
    let flags = |command: &clap::Command| {
        let arguments = command.get_arguments().filter(|flag| !flag.is_hide_set());
        arguments
            .flat_map(|flag| {
                let long = flag.get_long().map(|long| format!("--{long}"));
                long.into_iter()
                    .chain(flag.get_short().map(|short| format!("-{short}")))
            })
            .collect::<Vec<_>>()
    };
    let mut commands = vec![(String::new(), flags(&all))];
    let subcommands = all.get_subcommands();
    commands.extend(subcommands.map(|sub| (sub.get_name().to_owned(), flags(sub))));
    assert!(commands.len() >= 7);
    commands
}

fn manual(name: &str) -> String {
    let name = Some(name).filter(|name| !name.is_empty());
    said(immutag().arg("man").args(name))
}

#[test]
fn each_command_has_a_page_with_all_flags_and_examples() {
    for (name, flags) in commands() {
        let source = manual(&name).replace("\\-", "-");
        for flag in flags {
            // Behind a `.TP`, in bold, and so not in the synopsis alone.
            let heads = source.split(".TP\n").skip(1);
            let mut heads = heads.map(|part| part.lines().next().unwrap());
            let shown = format!("\\fB{flag}\\fR");
            assert!(heads.any(|head| head.contains(&shown)), "{name}: {flag}");
        }
        let examples = source.split_once(".SH EXAMPLES\n.nf\nimmutag ");
        assert!(examples.is_some(), "{name}: {source}");
    }
    let top = manual("");
    for (name, _) in commands().iter().skip(1) {
        assert!(top.contains(&format!("immutag\\-{name}(1)")), "{name}");
    }
    assert!(top.contains(".SH \"EXIT STATUS\"\n.nf\n0  nothing left to do\n"));
    assert_eq!(run(immutag().args(["man", "nothing"])).status, 2);
}

#[test]
#[ignore = "needs IMMUTAG_GROFF"]
fn groff_renders_the_pages_without_a_warning() {
    let groff = tool("IMMUTAG_GROFF");
    for (name, _) in commands() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("page.1");
        write(&file, &manual(&name));
        let output = Command::new(&groff)
            .args(["-man", "-Tutf8", "-ww"])
            .arg(&file)
            .output()
            .unwrap();
        assert!(output.status.success());
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{name}");
    }
}

#[test]
#[ignore = "needs IMMUTAG_MAN"]
fn man_shows_the_pages() {
    let man = tool("IMMUTAG_MAN");
    for (name, flags) in commands() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("page.1");
        write(&file, &manual(&name));
        let shown = said(
            Command::new(&man)
                .arg("--warnings")
                .arg("-l")
                .arg(&file)
                // Wide, so that no flag is parted by the end of a line.
                .env("MANWIDTH", "2000")
                .env("MAN_KEEP_FORMATTING", "")
                .env("LC_ALL", "C.UTF-8"),
        );
        for flag in flags {
            assert!(shown.contains(&flag), "{name}: {flag}: {shown}");
        }
        assert!(shown.contains("EXAMPLES"), "{shown}");
        assert!(!shown.contains("warning"), "{shown}");
    }
}

/// The lines of the examples below a help that call the program.
fn examples(help: &str) -> Vec<Vec<String>> {
    let (_, below) = help.split_once("\nExamples:\n").unwrap();
    let below = below.split("\n\n").next().unwrap();
    let calls = below.lines().filter_map(|line| {
        let (_, call) = line.split_once("immutag ")?;
        // What it does is said behind two blanks, or one where it is long.
        let call = call.split("  ").next().unwrap();
        let call = call.split(['|', '<', '>']).next().unwrap();
        let words = call.split_whitespace();
        Some(words.map(|word| word.replace('\'', "")).collect())
    });
    calls.collect()
}

#[test]
fn every_help_has_examples_that_are_read() {
    for (name, _) in commands() {
        for flag in ["-h", "--help"] {
            let name = Some(&name).filter(|name| !name.is_empty());
            let help = said(immutag().args(name).arg(flag));
            let calls = examples(&help);
            assert!(!calls.is_empty(), "{help}");
            for call in calls {
                if let Some(name) = name {
                    assert_eq!(&call[0], name);
                }
                let arguments = ["immutag".to_owned()].into_iter().chain(call.clone());
                let parsed = testing::parses(arguments.map(Into::into));
                assert!(parsed.is_ok(), "{call:?}: {parsed:?}");
            }
            for line in help.lines() {
                assert!(line.chars().count() <= 100, "{line}");
            }
        }
    }
}
