//! Colour where people read, and none where they ask for none.

use std::process::Command;

use super::{BAD, IMMUTAG, immutag, run, write};

const ESCAPE: char = '\u{1b}';

/// Runs it with an environment that says nothing of colour but this.
fn set(command: &mut Command, environment: &[(&str, &str)]) {
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
        command.env_remove(name);
    }
    command
        .env("TERM", "xterm")
        .envs(environment.iter().copied());
}

/// Findings, a patch, a summary and a note; help; a usage error.
const CALLS: [&[&str]; 5] = [
    &["check", "."],
    &["diff", "."],
    &["check", "--help"],
    &["--help"],
    &["check", "--no-such-flag"],
];

fn in_pipes(call: &[&str], environment: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("a.yaml"), BAD);
    let mut command = immutag();
    command.args(call).current_dir(folder.path());
    set(&mut command, environment);
    run(&mut command).said
}

#[test]
fn a_pipe_gets_colour_only_if_it_is_forced() {
    for call in CALLS {
        assert!(!in_pipes(call, &[]).contains(ESCAPE), "{call:?}");
        let forced = in_pipes(call, &[("CLICOLOR_FORCE", "1")]);
        // A patch in a pipe is for a program, and has colour by `--color` only.
        let is_patch = call[0] == "diff";
        assert_ne!(forced.contains(ESCAPE), is_patch, "{call:?}: {forced}");
        let both = [("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")];
        assert!(!in_pipes(call, &both).contains(ESCAPE), "{call:?}");
    }
}

/// `script`, of util-linux, gives its command a terminal.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_gets_colour_unless_the_environment_or_a_flag_says_otherwise() {
    let in_a_terminal = |call: &[&str], environment: &[(&str, &str)]| {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("a.yaml"), BAD);
        let mut command = Command::new("script");
        let line = format!("'{IMMUTAG}' {}", call.join(" "));
        command
            .args(["-qec", &line, "/dev/null"])
            .current_dir(folder.path())
            .stdin(std::process::Stdio::null());
        set(&mut command, environment);
        run(&mut command).said
    };
    for call in CALLS {
        let shown = in_a_terminal(call, &[]);
        assert!(shown.contains(ESCAPE), "{call:?}: {shown}");
        for off in [("NO_COLOR", "1"), ("CLICOLOR", "0"), ("TERM", "dumb")] {
            let shown = in_a_terminal(call, &[off]);
            assert!(!shown.contains(ESCAPE), "{off:?} {call:?}: {shown}");
            assert!(shown.contains("immutag") || shown.contains("IMMUTABLE"));
        }
    }
    let shown = in_a_terminal(&["check", "--color", "never"], &[]);
    assert!(!shown.contains(ESCAPE), "{shown}");
}
