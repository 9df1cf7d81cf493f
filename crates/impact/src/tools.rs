//! What the commands that push images push.
//!
//! This module owns the names of the tools and the forms of their arguments.
//!
//! Sources: the reference pages of `docker push`, `docker buildx build`,
//! `docker buildx imagetools create`, `docker manifest push` and `docker
//! compose push` (Docker Docs); of `podman push`, `buildah push`, `nerdctl
//! push`, `skopeo copy`, `crane`, `regctl image copy`, `oras`, `ko build`,
//! `pack build`, `buildctl build`, `skaffold build`; kaniko's README ("Flags");
//! "Jib - Containerize your Maven/Gradle project"; `aws ecr put-image` (AWS
//! CLI Command Reference).

use crate::shell::lex::{Piece, Word};
use crate::shell::run::{Argument, Env, Pushed, Shell};
use crate::value::{self, Part, Value, Values};

/// The words by which a text may push.
const WORDS: [&str; 22] = [
    "docker",
    "podman",
    "nerdctl",
    "buildah",
    "finch",
    "crane",
    "skopeo",
    "kaniko",
    "executor",
    "jib",
    "ko",
    "skaffold",
    "pack",
    "regctl",
    "oras",
    "buildctl",
    "img",
    "put-image",
    "depot",
    "mvn",
    "gradle",
    "bootBuildImage",
];

/// Whether a text names one of the tools, so that it is worth a look.
pub(crate) fn is_mentioned(text: &str) -> bool {
    WORDS.iter().any(|word| text.contains(word))
}

/// Whether a command can be one that pushes, by what is written there.
pub(crate) fn may_push(words: &[&Word<'_>]) -> bool {
    words.iter().take(8).any(|word| {
        word.pieces.iter().any(|piece| match piece {
            Piece::Text(text) => is_mentioned(text),
            _ => word.pieces.len() == 1,
        })
    })
}

/// Reads a command.
pub(crate) fn read(shell: &mut Shell<'_>, words: &[Argument], env: &mut Env<'_>) {
    let base = |argument: &Argument| {
        let text = argument.text().unwrap_or_default();
        let text = text.rsplit('/').next().unwrap_or_default();
        text.trim_start_matches(['@', '-']).to_owned()
    };
    let first = words.first().map(&base).unwrap_or_default();
    for (nth, word) in words.iter().enumerate().take(8) {
        let rest = words.get(nth + 1..).unwrap_or_default();
        let name = base(word);
        let is_tool = match name.as_str() {
            "docker" | "podman" | "nerdctl" | "finch" | "buildah" | "img" | "depot" => {
                docker(shell, &name, rest);
                true
            }
            "docker-compose" | "podman-compose" => {
                compose(shell, rest);
                true
            }
            "crane" | "gcrane" => {
                crane(shell, rest);
                true
            }
            "skopeo" | "regctl" | "oras" => {
                copy(shell, &name, rest);
                true
            }
            "executor" | "kaniko" => {
                kaniko(shell, rest);
                true
            }
            "mvn" | "mvnw" | "gradle" | "gradlew" | "jib" => {
                jib(shell, &name, rest);
                true
            }
            "ko" => {
                ko(shell, rest, env);
                true
            }
            "pack" => {
                pack(shell, rest);
                true
            }
            "skaffold" => {
                skaffold(shell, rest);
                true
            }
            "buildctl" => {
                buildctl(shell, rest);
                true
            }
            "aws" | "awslocal" => {
                put_image(shell, rest);
                true
            }
            _ => false,
        };
        if is_tool || nth == 0 && !wraps(&first) {
            return;
        }
    }
}

/// Whether a command runs the one that is named in its arguments.
fn wraps(command: &str) -> bool {
    const WRAPPERS: [&str; 14] = [
        "sudo",
        "time",
        "env",
        "exec",
        "command",
        "nohup",
        "nice",
        "timeout",
        "xargs",
        "eatmydata",
        "stdbuf",
        "then",
        "do",
        "op",
    ];
    const PARTS: [&str; 6] = ["retry", "run", "exec", "try", "attempt", "with"];
    WRAPPERS.contains(&command) || PARTS.iter().any(|part| command.contains(part))
}

/// The values of an option, given as `--name value` or `--name=value`, each
/// with its place.
fn options(words: &[Argument], names: &[&str]) -> Vec<Argument> {
    let mut found = Vec::new();
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        for name in names {
            if word.text() == Some(name) {
                found.extend(words.peek().map(|&next| next.clone()));
                continue;
            }
            let rest: Values = word
                .values
                .iter()
                .filter_map(|value| after(value, name))
                .collect();
            if !rest.is_empty() {
                found.push(Argument {
                    values: rest,
                    at: word.at,
                });
            }
        }
    }
    found
}

/// What follows `name=` in a word.
fn after(word: &Value, name: &str) -> Option<Value> {
    let (first, rest) = word.split_first()?;
    let Part::Text(text) = first else {
        return None;
    };
    let text = text.strip_prefix(name)?;
    // `--name=value`; `-nvalue`, which takes an equals sign, too.
    let is_short = name.len() == 2 && name.starts_with('-');
    let text = match text.strip_prefix('=') {
        Some(text) => text,
        None if is_short => text,
        None => return None,
    };
    let mut word = Value::new();
    if !text.is_empty() {
        word.push(Part::Text(text.to_owned()));
    }
    word.extend(rest.iter().cloned());
    Some(word)
}

fn has(words: &[Argument], flags: &[&str]) -> bool {
    words.iter().any(|word| {
        word.text().is_some_and(|text| {
            let bare = text.strip_suffix("=true").unwrap_or(text);
            flags.contains(&bare)
        })
    })
}

/// The arguments that are no options, where these options take a value.
fn positional<'a>(words: &'a [Argument], with_value: &[&str]) -> Vec<&'a Argument> {
    let mut found = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let text = match word.values.first().map(Vec::as_slice) {
            Some([Part::Text(text), ..]) => text.as_str(),
            _ => "",
        };
        if text == "--" {
            continue;
        }
        if text.starts_with('-') && text.len() > 1 {
            if with_value.contains(&text) {
                words.next();
            }
            continue;
        }
        found.push(word);
    }
    found
}

fn pushes(shell: &mut Shell<'_>, image: &Argument, by: &'static str) {
    for value in &image.values {
        let pushed = Pushed {
            at: image.at,
            image: value.clone(),
            by,
        };
        shell.pushes.push(pushed);
    }
}

/// `docker` and what takes its commands.
#[allow(clippy::too_many_lines, reason = "one arm for each command")]
fn docker(shell: &mut Shell<'_>, tool: &str, words: &[Argument]) {
    const GLOBAL: [&str; 8] = [
        "--context",
        "-c",
        "--config",
        "-H",
        "--host",
        "-l",
        "--log-level",
        "-n",
    ];
    let plain = positional(words, &GLOBAL);
    let mut commands = plain.iter().map(|word| word.text().unwrap_or_default());
    let mut command = commands.next().unwrap_or_default();
    while matches!(command, "image" | "buildx" | "builder" | "container") {
        command = commands.next().unwrap_or_default();
    }
    let next = commands.next().unwrap_or_default();
    let at = words
        .iter()
        .position(|word| word.text() == Some(command))
        .unwrap_or_default();
    let rest = words.get(at + 1..).unwrap_or_default();
    match (command, next) {
        ("push", _) => {
            let takes_two = !matches!(tool, "docker" | "nerdctl" | "finch" | "depot");
            let given = positional(
                rest,
                &[
                    "--platform",
                    "--creds",
                    "--authfile",
                    "--format",
                    "-f",
                    "--cert-dir",
                    "--sign-by",
                ],
            );
            let target = if takes_two {
                given.get(1).or(given.first())
            } else {
                given.first()
            };
            let Some(target) = target else {
                return;
            };
            if has(rest, &["-a", "--all-tags"]) {
                return all_tags(shell, target);
            }
            pushes(shell, target, by(tool, "push"));
        }
        ("tag", _) => {
            if let Some(target) = positional(rest, &[]).get(1) {
                remember(shell, target);
            }
        }
        ("build" | "b" | "bud", _) => {
            let tags = options(rest, &["-t", "--tag"]);
            let outputs = options(rest, &["-o", "--output"]);
            let to_registry = |output: &Argument| {
                let text = output
                    .values
                    .first()
                    .map(|value| value::shown(value))
                    .unwrap_or_default();
                text.contains("type=registry") || text.contains("push=true")
            };
            if has(rest, &["--push"]) || outputs.iter().any(to_registry) {
                for tag in &tags {
                    pushes(shell, tag, by(tool, "build --push"));
                }
                for output in &outputs {
                    named_output(shell, output);
                }
            }
            for tag in &tags {
                remember(shell, tag);
            }
            if !matches!(tool, "podman" | "buildah" | "img") {
                // These push whether the image is pushed or not.
                for cache in options(rest, &["--cache-to"]) {
                    cached(shell, &cache, "docker build --cache-to");
                }
            }
        }
        ("imagetools", "create") => {
            for tag in options(rest, &["-t", "--tag"]) {
                pushes(shell, &tag, "docker buildx imagetools create");
            }
        }
        ("manifest", "push") => {
            let given = positional(rest.get(1..).unwrap_or_default(), &[]);
            let target = if tool == "docker" {
                given.first()
            } else {
                given.get(1).or(given.first())
            };
            if let Some(target) = target {
                pushes(shell, target, by(tool, "manifest push"));
            }
        }
        ("bake", _) => shell.pushes_compose |= has(rest, &["--push"]),
        ("compose", _) => compose(shell, rest),
        _ => {}
    }
}

fn by(tool: &str, command: &str) -> &'static str {
    match (tool, command) {
        ("podman", "push") => "podman push",
        ("podman", _) => "podman",
        ("buildah", _) => "buildah push",
        ("nerdctl", _) => "nerdctl",
        ("finch", _) => "finch",
        ("img", _) => "img push",
        ("depot", _) => "depot build --push",
        (_, "push") => "docker push",
        (_, "manifest push") => "docker manifest push",
        _ => "docker build --push",
    }
}

/// How many tags of one name are remembered. Real scripts give two or three.
const MAX_TAGS: usize = 64;

/// Takes down that an image has been tagged.
fn remember(shell: &mut Shell<'_>, image: &Argument) {
    for value in &image.values {
        let tagged = shell.tagged.entry(value::shown(&name(value))).or_default();
        if tagged.len() < MAX_TAGS && !tagged.contains(value) {
            tagged.push(value.clone());
        }
    }
}

/// Every tag that the script has given to a name.
fn all_tags(shell: &mut Shell<'_>, image: &Argument) {
    for value in &image.values {
        let tagged = shell.tagged.get(&value::shown(&name(value)));
        let pushes = tagged.into_iter().flatten().map(|image_of| Pushed {
            at: image.at,
            image: image_of.clone(),
            by: "docker push --all-tags",
        });
        shell.pushes.extend(pushes);
    }
}

fn compose(shell: &mut Shell<'_>, words: &[Argument]) {
    const WITH_VALUE: [&str; 8] = [
        "-f",
        "--file",
        "-p",
        "--project-name",
        "--profile",
        "--env-file",
        "--project-directory",
        "--ansi",
    ];
    let given = positional(words, &WITH_VALUE);
    let command = given.first().and_then(|word| word.text());
    shell.pushes_compose |= match command {
        Some("push") => true,
        Some("build") => has(words, &["--push"]),
        _ => false,
    };
}

fn crane(shell: &mut Shell<'_>, words: &[Argument]) {
    let given = positional(
        words,
        &[
            "--platform",
            "-f",
            "--new_layer",
            "-b",
            "--base",
            "-t",
            "--tag",
            "-o",
            "-m",
            "--manifest",
        ],
    );
    let command = given
        .first()
        .and_then(|word| word.text())
        .unwrap_or_default();
    match command {
        "push" | "copy" | "cp" => {
            if let Some(target) = given.get(2) {
                pushes(shell, target, "crane");
            }
        }
        "tag" => {
            let (Some(image), Some(tag)) = (given.get(1), given.get(2)) else {
                return;
            };
            let mut retagged = Values::new();
            for value in &image.values {
                value::add(&mut retagged, value::glued(&vec![name(value)], &tag.values));
            }
            pushes(
                shell,
                &Argument {
                    values: retagged,
                    at: tag.at,
                },
                "crane tag",
            );
        }
        "append" | "mutate" | "index" | "rebase" => {
            for tag in options(words, &["-t", "--tag"]) {
                pushes(shell, &tag, "crane");
            }
        }
        _ => {}
    }
}

/// `skopeo copy`, `regctl image copy`, `oras copy` and `oras push`.
fn copy(shell: &mut Shell<'_>, tool: &str, words: &[Argument]) {
    const WITH_VALUE: [&str; 10] = [
        "--src-creds",
        "--dest-creds",
        "--authfile",
        "--format",
        "-f",
        "--platform",
        "-p",
        "--multi-arch",
        "--src-authfile",
        "--dest-authfile",
    ];
    let given = positional(words, &WITH_VALUE);
    let mut given = given.into_iter();
    let mut command = given.next().and_then(Argument::text).unwrap_or_default();
    if command == "image" {
        command = given.next().and_then(Argument::text).unwrap_or_default();
    }
    let target = match (tool, command) {
        ("oras", "push") => given.next(),
        (_, "copy" | "cp") => given.nth(1),
        _ => None,
    };
    let Some(target) = target else {
        return;
    };
    // Other transports of skopeo's lead to no registry.
    let is_elsewhere = tool == "skopeo"
        && target.values.iter().any(|value| match value.first() {
            Some(Part::Text(text)) => !text.starts_with("docker://"),
            _ => false,
        });
    if !is_elsewhere {
        pushes(
            shell,
            target,
            match tool {
                "skopeo" => "skopeo copy",
                "regctl" => "regctl image copy",
                _ => "oras",
            },
        );
    }
}

/// Kaniko's executor.
pub(crate) fn kaniko(shell: &mut Shell<'_>, words: &[Argument]) {
    if has(words, &["--no-push", "--no-push-cache"]) && !has(words, &["--no-push=false"]) {
        return;
    }
    for target in options(words, &["--destination", "-d"]) {
        pushes(shell, &target, "kaniko");
    }
}

fn jib(shell: &mut Shell<'_>, tool: &str, words: &[Argument]) {
    let is_goal = |goal: &str| {
        words.iter().any(|word| {
            word.text()
                .is_some_and(|text| text == goal || text.ends_with(&format!(":{goal}")))
        })
    };
    if tool == "jib" {
        let targets = options(words, &["--target", "-t"]);
        let mut given = words.iter().filter_map(Argument::text);
        if given.any(|text| matches!(text, "build" | "jar" | "war")) {
            for target in targets {
                pushes(shell, &target, "jib");
            }
        }
        return;
    }
    let boots = is_goal("build-image") || is_goal("bootBuildImage");
    let publishes = boots
        && words.iter().filter_map(Argument::text).any(|text| {
            text == "--publishImage" || text == "-Dspring-boot.build-image.publish=true"
        });
    let runs_jib = words.iter().filter_map(Argument::text).any(|text| {
        text == "jib"
            || text.ends_with(":jib")
            || text == "jib:build"
            || text.ends_with("jib-maven-plugin:build")
    });
    let mut images = Vec::new();
    if runs_jib {
        images = options(
            words,
            &["-Dimage", "-Djib.to.image", "--image", "-Pjib.to.image"],
        );
    }
    if publishes {
        images.extend(options(
            words,
            &["-Dspring-boot.build-image.imageName", "--imageName"],
        ));
    }
    for image in &images {
        pushes(shell, image, "jib");
        for tags in options(words, &["-Djib.to.tags"]) {
            retagged(shell, image, &tags, "jib");
        }
    }
}

/// The image once more, with each of the tags in a list.
fn retagged(shell: &mut Shell<'_>, image: &Argument, tags: &Argument, by: &'static str) {
    let names: Values = image.values.iter().map(name).collect();
    for value in &tags.values {
        for tag in listed(value) {
            let values = value::glued(&names, &vec![tag]);
            pushes(
                shell,
                &Argument {
                    values,
                    at: tags.at,
                },
                by,
            );
        }
    }
}

/// The name of an image up to its tag, with the colon.
pub(crate) fn name(image: &Value) -> Value {
    let image = value::image(image);
    let mut name = image.registry;
    if !name.is_empty() {
        value::push(&mut name, Part::Text("/".to_owned()));
    }
    for part in image.path {
        value::push(&mut name, part);
    }
    value::push(&mut name, Part::Text(":".to_owned()));
    name
}

/// The items of a list with commas.
pub(crate) fn listed(word: &Value) -> Vec<Value> {
    let spaced: Value = word
        .iter()
        .map(|part| match part {
            Part::Text(text) => Part::Text(text.replace(',', " ")),
            part => part.clone(),
        })
        .collect();
    value::split(&spaced)
}

fn ko(shell: &mut Shell<'_>, words: &[Argument], env: &Env<'_>) {
    let command = words.first().and_then(Argument::text).unwrap_or_default();
    if !matches!(
        command,
        "build" | "publish" | "apply" | "resolve" | "create" | "run"
    ) || has(words, &["--local", "-L", "--push=false"])
    {
        return;
    }
    let Some(first) = words.first() else {
        return;
    };
    let mut target = shell.named("KO_DOCKER_REPO", "$KO_DOCKER_REPO", env);
    if !has(words, &["--bare"]) {
        // A name is put behind it that depends on the import path.
        target = value::glued(
            &target,
            &vec![vec![
                Part::Text("/".to_owned()),
                Part::Open("(import path)".to_owned()),
            ]],
        );
    }
    target = value::glued(&target, &value::text(":"));
    let tags = options(words, &["-t", "--tags"]);
    if tags.is_empty() {
        let values = value::glued(&target, &value::text("latest"));
        pushes(
            shell,
            &Argument {
                values,
                at: first.at,
            },
            "ko",
        );
    }
    for tags in tags {
        for value in &tags.values {
            for tag in listed(value) {
                let values = value::glued(&target, &vec![tag]);
                pushes(
                    shell,
                    &Argument {
                        values,
                        at: tags.at,
                    },
                    "ko",
                );
            }
        }
    }
}

fn pack(shell: &mut Shell<'_>, words: &[Argument]) {
    const WITH_VALUE: [&str; 10] = [
        "-B",
        "--builder",
        "-p",
        "--path",
        "-b",
        "--buildpack",
        "-e",
        "--env",
        "-t",
        "--tag",
    ];
    if !has(words, &["--publish"]) || words.first().and_then(Argument::text) != Some("build") {
        return;
    }
    if let Some(image) = positional(words, &WITH_VALUE).get(1) {
        pushes(shell, image, "pack build --publish");
    }
    for tag in options(words, &["-t", "--tag"]) {
        pushes(shell, &tag, "pack build --publish");
    }
}

fn skaffold(shell: &mut Shell<'_>, words: &[Argument]) {
    let command = words.first().and_then(Argument::text).unwrap_or_default();
    if !matches!(command, "build" | "run" | "dev") || has(words, &["--push=false"]) {
        return;
    }
    for tag in options(words, &["-t", "--tag"]) {
        let target = options(words, &["-d", "--default-repo"]).pop();
        let target = target.map_or_else(|| value::open("(skaffold.yaml)"), |target| target.values);
        let artifact = vec![vec![
            Part::Text("/".to_owned()),
            Part::Open("(artifact)".to_owned()),
            Part::Text(":".to_owned()),
        ]];
        let values = value::glued(&value::glued(&target, &artifact), &tag.values);
        pushes(shell, &Argument { values, at: tag.at }, "skaffold --tag");
    }
}

fn buildctl(shell: &mut Shell<'_>, words: &[Argument]) {
    for output in options(words, &["--output", "-o"]) {
        named_output(shell, &output);
    }
    for cache in options(words, &["--export-cache"]) {
        cached(shell, &cache, "buildctl --export-cache");
    }
}

/// Where a cache is pushed to: `type=registry,ref=IMAGE`, or the image alone.
///
/// Source: Docker Docs, "Registry cache".
pub(crate) fn cached(shell: &mut Shell<'_>, cache: &Argument, by: &'static str) {
    for value in &cache.values {
        let items = listed(value);
        let is_alone = !value::shown(value).contains('=');
        let is_registry = items
            .iter()
            .any(|item| value::shown(item) == "type=registry");
        let mut images: Values = Values::new();
        if is_registry {
            images.extend(items.iter().filter_map(|item| after(item, "ref")));
        } else if is_alone {
            images.push(value.clone());
        }
        let at = cache.at;
        pushes(shell, &Argument { values: images, at }, by);
    }
}

/// `type=image,name=IMAGE,push=true`.
fn named_output(shell: &mut Shell<'_>, output: &Argument) {
    for value in &output.values {
        let items = listed(value);
        let says = |what: &str| items.iter().any(|item| value::shown(item) == what);
        if !(says("push=true") || says("type=registry")) {
            continue;
        }
        for item in &items {
            if let Some(image) = after(item, "name") {
                let image = Argument {
                    values: vec![image],
                    at: output.at,
                };
                pushes(shell, &image, "docker build --output");
            }
        }
    }
}

fn put_image(shell: &mut Shell<'_>, words: &[Argument]) {
    let mut given = words.iter().filter_map(Argument::text);
    if !given.any(|text| text == "put-image") {
        return;
    }
    let names = options(words, &["--repository-name"]);
    for tag in options(words, &["--image-tag"]) {
        for name in &names {
            let mut values = vec![vec![Part::Registry]];
            values = value::glued(&values, &value::text("/"));
            values = value::glued(&values, &name.values);
            values = value::glued(&values, &value::text(":"));
            values = value::glued(&values, &tag.values);
            pushes(shell, &Argument { values, at: tag.at }, "aws ecr put-image");
        }
    }
}
