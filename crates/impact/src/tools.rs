//! What the commands that push images do, by their words.
//!
//! This module owns the names of the tools and the forms of their arguments. It takes words and
//! gives [`Action`]s: it does not know the shell, nor what was said before.
//!
//! Sources: the reference pages of `docker push`, `docker buildx build`,
//! `docker buildx imagetools create`, `docker manifest push` and `docker
//! compose push` (Docker Docs); of `podman push`, `buildah push`, `nerdctl
//! push`, `skopeo copy`, `crane`, `regctl image copy`, `oras`, `ko build`,
//! `pack build`, `buildctl build`, `skaffold build`; kaniko's README ("Flags");
//! "Jib - Containerize your Maven/Gradle project"; `aws ecr put-image` (AWS
//! CLI Command Reference).

use crate::image;
use crate::pushes::ImagePush;
use crate::value::{self, Part, Value, Values};

/// A word of a command, with the values that it can have.
#[derive(Clone, Debug)]
pub(crate) struct Argument {
    pub(crate) values: Values,
    /// Where it stands in the file.
    pub(crate) at: usize,
}

impl Argument {
    /// The text of its first value, if that is literal.
    pub(crate) fn text(&self) -> Option<&str> {
        value::literal(self.values.first()?)
    }
}

/// What a command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// It pushes an image.
    Push(ImagePush),
    /// It gives an image this reference here, without a push.
    Tag(Value),
    /// It pushes every tag that an image has been given here.
    PushAllTags {
        /// The image, with any tag.
        image: Value,
        /// Where it is named.
        at: usize,
    },
    /// It pushes the images of compose files.
    PushComposeImages,
}

/// A text that holds none of these pushes nothing.
const MENTIONS: [&str; 22] = [
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
    MENTIONS.iter().any(|word| text.contains(word))
}

/// Tells what a command does, by its words. `environment` gives the values of a variable that the
/// tool reads itself.
pub(crate) fn actions(words: &[Argument], environment: &dyn Fn(&str) -> Values) -> Vec<Action> {
    let mut found = Vec::new();
    let actions = &mut found;
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
                docker(actions, &name, rest);
                true
            }
            "docker-compose" | "podman-compose" => {
                compose(actions, rest);
                true
            }
            "crane" | "gcrane" => {
                crane(actions, rest);
                true
            }
            "skopeo" | "regctl" | "oras" => {
                copy(actions, &name, rest);
                true
            }
            "executor" | "kaniko" => {
                actions.extend(kaniko(rest));
                true
            }
            "mvn" | "mvnw" | "gradle" | "gradlew" | "jib" => {
                jib(actions, &name, rest);
                true
            }
            "ko" => {
                ko(actions, rest, environment);
                true
            }
            "pack" => {
                pack(actions, rest);
                true
            }
            "skaffold" => {
                skaffold(actions, rest);
                true
            }
            "buildctl" => {
                buildctl(actions, rest);
                true
            }
            "aws" | "awslocal" => {
                put_image(actions, rest);
                true
            }
            _ => false,
        };
        if is_tool || nth == 0 && !wraps(&first) {
            break;
        }
    }
    found
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

/// What follows `name=` in a value.
fn after(value: &Value, name: &str) -> Option<Value> {
    let (first, rest) = value.split_first()?;
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
    let mut value = Value::new();
    if !text.is_empty() {
        value.push(Part::Text(text.to_owned()));
    }
    value.extend(rest.iter().cloned());
    Some(value)
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

fn pushes(actions: &mut Vec<Action>, image: &Argument, by: &'static str) {
    for value in &image.values {
        actions.push(Action::Push(ImagePush {
            at: image.at,
            image: value.clone(),
            by,
        }));
    }
}

/// `docker` and what takes its commands.
#[allow(clippy::too_many_lines, reason = "one arm for each command")]
fn docker(actions: &mut Vec<Action>, tool: &str, words: &[Argument]) {
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
                let at = target.at;
                let all = target.values.iter().cloned();
                actions.extend(all.map(|image| Action::PushAllTags { image, at }));
                return;
            }
            pushes(actions, target, by(tool, "push"));
        }
        ("tag", _) => {
            if let Some(target) = positional(rest, &[]).get(1) {
                tagged(actions, target);
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
                    pushes(actions, tag, by(tool, "build --push"));
                }
                for output in &outputs {
                    named_output(actions, output);
                }
            }
            for tag in &tags {
                tagged(actions, tag);
            }
            if !matches!(tool, "podman" | "buildah" | "img") {
                // These push whether the image is pushed or not.
                for cache in options(rest, &["--cache-to"]) {
                    actions.extend(cached(&cache, "docker build --cache-to"));
                }
            }
        }
        ("imagetools", "create") => {
            for tag in options(rest, &["-t", "--tag"]) {
                pushes(actions, &tag, "docker buildx imagetools create");
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
                pushes(actions, target, by(tool, "manifest push"));
            }
        }
        ("bake", _) if has(rest, &["--push"]) => actions.push(Action::PushComposeImages),
        ("compose", _) => compose(actions, rest),
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

/// Records that an image gets a name and a tag.
fn tagged(actions: &mut Vec<Action>, image: &Argument) {
    actions.extend(image.values.iter().cloned().map(Action::Tag));
}

fn compose(actions: &mut Vec<Action>, words: &[Argument]) {
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
    let is_pushed = match command {
        Some("push") => true,
        Some("build") => has(words, &["--push"]),
        _ => false,
    };
    if is_pushed {
        actions.push(Action::PushComposeImages);
    }
}

fn crane(actions: &mut Vec<Action>, words: &[Argument]) {
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
                pushes(actions, target, "crane");
            }
        }
        "tag" => {
            let (Some(image), Some(tag)) = (given.get(1), given.get(2)) else {
                return;
            };
            let mut retagged = Values::new();
            for value in &image.values {
                value::add(
                    &mut retagged,
                    value::concat(&vec![image::name(value)], &tag.values),
                );
            }
            pushes(
                actions,
                &Argument {
                    values: retagged,
                    at: tag.at,
                },
                "crane tag",
            );
        }
        "append" | "mutate" | "index" | "rebase" => {
            for tag in options(words, &["-t", "--tag"]) {
                pushes(actions, &tag, "crane");
            }
        }
        _ => {}
    }
}

/// `skopeo copy`, `regctl image copy`, `oras copy` and `oras push`.
fn copy(actions: &mut Vec<Action>, tool: &str, words: &[Argument]) {
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
            actions,
            target,
            match tool {
                "skopeo" => "skopeo copy",
                "regctl" => "regctl image copy",
                _ => "oras",
            },
        );
    }
}

/// What kaniko's executor does, by its arguments.
pub(crate) fn kaniko(words: &[Argument]) -> Vec<Action> {
    let mut actions = Vec::new();
    if has(words, &["--no-push", "--no-push-cache"]) && !has(words, &["--no-push=false"]) {
        return actions;
    }
    for target in options(words, &["--destination", "-d"]) {
        pushes(&mut actions, &target, "kaniko");
    }
    actions
}

fn jib(actions: &mut Vec<Action>, tool: &str, words: &[Argument]) {
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
                pushes(actions, &target, "jib");
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
        pushes(actions, image, "jib");
        for tags in options(words, &["-Djib.to.tags"]) {
            retagged(actions, image, &tags, "jib");
        }
    }
}

/// The image once more, with each of the tags in a list.
fn retagged(actions: &mut Vec<Action>, image: &Argument, tags: &Argument, by: &'static str) {
    let names: Values = image.values.iter().map(image::name).collect();
    for value in &tags.values {
        for tag in value::listed(value) {
            let values = value::concat(&names, &vec![tag]);
            pushes(
                actions,
                &Argument {
                    values,
                    at: tags.at,
                },
                by,
            );
        }
    }
}

fn ko(actions: &mut Vec<Action>, words: &[Argument], environment: &dyn Fn(&str) -> Values) {
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
    let mut target = environment("KO_DOCKER_REPO");
    if !has(words, &["--bare"]) {
        // A name is put behind it that depends on the import path.
        target = value::concat(
            &target,
            &vec![vec![
                Part::Text("/".to_owned()),
                Part::Unresolved("(import path)".to_owned()),
            ]],
        );
    }
    target = value::concat(&target, &value::text(":"));
    let tags = options(words, &["-t", "--tags"]);
    if tags.is_empty() {
        let values = value::concat(&target, &value::text("latest"));
        pushes(
            actions,
            &Argument {
                values,
                at: first.at,
            },
            "ko",
        );
    }
    for tags in tags {
        for value in &tags.values {
            for tag in value::listed(value) {
                let values = value::concat(&target, &vec![tag]);
                pushes(
                    actions,
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

fn pack(actions: &mut Vec<Action>, words: &[Argument]) {
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
        pushes(actions, image, "pack build --publish");
    }
    for tag in options(words, &["-t", "--tag"]) {
        pushes(actions, &tag, "pack build --publish");
    }
}

fn skaffold(actions: &mut Vec<Action>, words: &[Argument]) {
    let command = words.first().and_then(Argument::text).unwrap_or_default();
    if !matches!(command, "build" | "run" | "dev") || has(words, &["--push=false"]) {
        return;
    }
    for tag in options(words, &["-t", "--tag"]) {
        let target = options(words, &["-d", "--default-repo"]).pop();
        let target = target.map_or_else(
            || value::unresolved("(skaffold.yaml)"),
            |target| target.values,
        );
        let artifact = vec![vec![
            Part::Text("/".to_owned()),
            Part::Unresolved("(artifact)".to_owned()),
            Part::Text(":".to_owned()),
        ]];
        let values = value::concat(&value::concat(&target, &artifact), &tag.values);
        pushes(actions, &Argument { values, at: tag.at }, "skaffold --tag");
    }
}

fn buildctl(actions: &mut Vec<Action>, words: &[Argument]) {
    for output in options(words, &["--output", "-o"]) {
        named_output(actions, &output);
    }
    for cache in options(words, &["--export-cache"]) {
        actions.extend(cached(&cache, "buildctl --export-cache"));
    }
}

/// Where a cache is pushed to: `type=registry,ref=IMAGE`, or the image alone.
///
/// Source: Docker Docs, "Registry cache".
pub(crate) fn cached(cache: &Argument, by: &'static str) -> Vec<Action> {
    let mut actions = Vec::new();
    for value in &cache.values {
        let items = value::listed(value);
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
        pushes(&mut actions, &Argument { values: images, at }, by);
    }
    actions
}

/// `type=image,name=IMAGE,push=true`.
fn named_output(actions: &mut Vec<Action>, output: &Argument) {
    for value in &output.values {
        let items = value::listed(value);
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
                pushes(actions, &image, "docker build --output");
            }
        }
    }
}

fn put_image(actions: &mut Vec<Action>, words: &[Argument]) {
    let mut given = words.iter().filter_map(Argument::text);
    if !given.any(|text| text == "put-image") {
        return;
    }
    let names = options(words, &["--repository-name"]);
    for tag in options(words, &["--image-tag"]) {
        for name in &names {
            let mut values = vec![vec![Part::EcrRegistry]];
            values = value::concat(&values, &value::text("/"));
            values = value::concat(&values, &name.values);
            values = value::concat(&values, &value::text(":"));
            values = value::concat(&values, &tag.values);
            pushes(
                actions,
                &Argument { values, at: tag.at },
                "aws ecr put-image",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a command does, by its words: what is pushed, and `other` for other actions.
    fn done(command: &str) -> Vec<String> {
        let words: Vec<Argument> = command
            .split(' ')
            .map(|word| Argument {
                values: value::text(word),
                at: 0,
            })
            .collect();
        let environment = |name: &str| value::text(format!("host/{name}"));
        let actions = actions(&words, &environment).into_iter();
        actions
            .map(|action| match action {
                Action::Push(push) => format!("{}: {}", push.by, value::shown(&push.image)),
                Action::Tag(image) => format!("tag {}", value::shown(&image)),
                Action::PushAllTags { image, .. } => format!("all of {}", value::shown(&image)),
                Action::PushComposeImages => "compose".to_owned(),
            })
            .collect()
    }

    #[test]
    fn push_behind_wrapper_and_options_is_found() {
        for command in [
            "docker push a/b:c",
            "sudo -E docker --context x image push --platform p a/b:c",
            "/usr/bin/docker push a/b:c",
        ] {
            assert_eq!(done(command), ["docker push: a/b:c"], "{command}");
        }
    }

    #[test]
    fn command_without_push_only_tags() {
        assert_eq!(done("docker build -t a/b:c ."), ["tag a/b:c"]);
        assert_eq!(done("docker tag x a/b:c"), ["tag a/b:c"]);
        assert!(done("docker pull a/b:c").is_empty());
        assert!(done("make docker push a/b:c").is_empty());
    }

    #[test]
    fn all_tags_and_compose_leave_the_images_to_the_caller() {
        assert_eq!(done("docker push --all-tags a/b"), ["all of a/b"]);
        assert_eq!(done("docker compose -f x push"), ["compose"]);
        assert!(done("docker compose up").is_empty());
    }

    #[test]
    fn tool_that_reads_a_variable_gets_its_value() {
        let pushes = done("ko build --bare -t dev ./cmd");
        assert_eq!(pushes, ["ko: host/KO_DOCKER_REPO:dev"]);
    }
}
