//! What Jib's plugin pushes, by the `pom.xml` of Maven.
//!
//! This module owns where a pom says that: the plugin's configuration, that of its executions, and
//! the properties that both name. It reads no other file, so that what a parent's pom says is
//! unresolved. A pom that is not well-formed pushes nothing: Maven does not run it.
//!
//! Sources: "Jib - Containerize your Maven project"; Maven's "POM Reference" ("Properties",
//! "Plugins", "Profiles").

use std::collections::HashSet;

use roxmltree::{Document, Node};

use crate::build::jib::{self, Placed};
use crate::shell::{Env, Shell};
use crate::value::{self, Part, Value, Values};

/// The plugin whose configuration names images.
const PLUGIN: &str = "jib-maven-plugin";

/// The goals of the plugin that push nothing.
const LOCAL_GOALS: [&str; 2] = ["dockerBuild", "buildTar"];

/// How many attributes an element may have, and how many namespaces a pom may declare. The XML
/// parser compares each with all others of its element; real poms have a handful.
const MAX_ATTRIBUTES: usize = 1024;
const MAX_NAMESPACES: usize = 64;

/// Reads what Jib is told in a `pom.xml`.
pub(crate) fn read(shell: &mut Shell<'_>, text: &str, around: &Env<'_>) {
    if !text.contains(PLUGIN) || !is_bounded(text) {
        return;
    }
    // The parser refuses a document type, too, by whose entities a small file can grow large.
    let Ok(document) = Document::parse(text) else {
        return;
    };
    let project = document.root_element();
    if !is_named(project, "project") {
        return;
    }
    let env = properties(project, shell, around);
    let plugins = project.descendants().filter(|node| {
        let artifact = child(*node, "artifactId").map(content);
        is_named(*node, "plugin") && artifact.is_some_and(|artifact| artifact.trim() == PLUGIN)
    });
    for plugin in plugins {
        let executions: Vec<Node<'_, '_>> = child(plugin, "executions")
            .into_iter()
            .flat_map(|all| children(all, "execution"))
            .collect();
        let all_goals: Vec<String> = executions.iter().copied().flat_map(goals).collect();
        let shared = Target::of(plugin);
        if !is_local(&all_goals) {
            shared.push(shell, text, &env);
        }
        for execution in executions {
            let own = Target::of(execution);
            let says_something = own.image.is_some() || own.tags.is_some();
            if says_something && !is_local(&goals(execution)) {
                own.or(shared).push(shell, text, &env);
            }
        }
    }
}

/// What a configuration says of the image.
#[derive(Clone, Copy)]
struct Target<'x> {
    image: Option<Node<'x, 'x>>,
    tags: Option<Node<'x, 'x>>,
}

impl<'x> Target<'x> {
    /// The `to` in the configuration of a plugin or of an execution.
    fn of(configured: Node<'x, 'x>) -> Self {
        let to = child(configured, "configuration").and_then(|all| child(all, "to"));
        Self {
            image: to.and_then(|to| child(to, "image")),
            tags: to.and_then(|to| child(to, "tags")),
        }
    }

    /// That of an execution, with what it leaves to the plugin.
    fn or(self, shared: Self) -> Self {
        Self {
            image: self.image.or(shared.image),
            tags: self.tags.or(shared.tags),
        }
    }

    fn push(self, shell: &mut Shell<'_>, text: &str, env: &Env<'_>) {
        let placed = |node: Node<'x, 'x>| -> Placed {
            let values = interpolated(content(node).trim(), shell, env);
            (values, place(node, text))
        };
        let image = self.image.map(placed);
        // Maven takes the items of a list by any name.
        let tags = self.tags.into_iter().flat_map(|tags| tags.children());
        let tags: Vec<Placed> = tags.filter(Node::is_element).map(placed).collect();
        jib::push(shell, image, &tags);
    }
}

/// The variables of a pom: its properties, those of its profiles among them, and its coordinates.
fn properties<'e>(project: Node<'_, '_>, shell: &Shell<'_>, around: &'e Env<'_>) -> Env<'e> {
    let mut env = Env::within(around);
    for name in ["project.version", "project.parent.version"] {
        env.set(name, vec![vec![Part::Derived(format!("${{{name}}}"))]]);
    }
    for name in ["groupId", "artifactId"] {
        if let Some(coordinate) = child(project, name) {
            let values = interpolated(content(coordinate).trim(), shell, &env);
            env.set(&format!("project.{name}"), values);
        }
    }
    let profiles = child(project, "profiles").into_iter();
    let profiles = profiles.flat_map(|all| children(all, "profile"));
    let given: Vec<(&str, String)> = std::iter::once(project)
        .chain(profiles)
        .filter_map(|holder| child(holder, "properties"))
        .flat_map(|properties| properties.children().filter(Node::is_element))
        .map(|property| (property.tag_name().name(), content(property)))
        .collect();
    // Twice, since a property may name one that stands below it.
    for _ in 0..2 {
        let mut seen = HashSet::new();
        for (name, text) in &given {
            let mut values = interpolated(text.trim(), shell, &env);
            // Any profile may be active.
            if !seen.insert(*name)
                && let Some(others) = env.get(name)
            {
                let mut all = others.clone();
                value::add(&mut all, values);
                values = all;
            }
            env.set(name, values);
        }
    }
    env
}

/// The values of a text with `${name}` in it.
fn interpolated(text: &str, shell: &Shell<'_>, env: &Env<'_>) -> Values {
    let mut values = vec![Value::new()];
    let mut rest = text;
    while let Some((before, inner)) = rest.split_once("${") {
        let Some((name, after)) = inner.split_once('}') else {
            break;
        };
        values = value::concat(&values, &value::text(before));
        let bare = name.strip_prefix("env.").unwrap_or(name);
        let more = shell.named(bare, &format!("${{{name}}}"), env);
        values = value::concat(&values, &more);
        rest = after;
    }
    value::concat(&values, &value::text(rest))
}

/// Whether these goals build for this machine alone.
fn is_local(goals: &[String]) -> bool {
    let has = |goal: &str| goals.iter().any(|other| other == goal);
    LOCAL_GOALS.into_iter().any(has) && !has("build")
}

/// The goals of an execution.
fn goals(execution: Node<'_, '_>) -> Vec<String> {
    let all = child(execution, "goals").into_iter();
    let all = all.flat_map(|goals| children(goals, "goal"));
    all.map(|goal| content(goal).trim().to_owned()).collect()
}

/// Whether a node is an element of this name, in whatever namespace.
fn is_named(node: Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

fn children<'x>(node: Node<'x, 'x>, name: &str) -> impl Iterator<Item = Node<'x, 'x>> {
    node.children().filter(move |node| is_named(*node, name))
}

fn child<'x>(node: Node<'x, 'x>, name: &str) -> Option<Node<'x, 'x>> {
    children(node, name).next()
}

/// The text of an element, comments left out.
fn content(node: Node<'_, '_>) -> String {
    let texts = node.children().filter(Node::is_text);
    texts.filter_map(|text| text.text()).collect()
}

/// Where the text of an element begins, white space left out.
fn place(node: Node<'_, '_>, text: &str) -> usize {
    let texts = node.children().filter(Node::is_text);
    let filled = texts.filter_map(|node| Some((node.range(), node.text()?.trim())));
    let first = filled.into_iter().find(|(_, inner)| !inner.is_empty());
    first.map_or(node.range().start, |(range, inner)| {
        let start = range.start;
        let written = text.get(range).unwrap_or_default();
        // What is written with references keeps the place of its first sign.
        let blank = written.len() - written.trim_start().len();
        start + written.find(inner).unwrap_or(blank)
    })
}

/// Whether an XML parser reads a text in time that is linear in its size.
fn is_bounded(text: &str) -> bool {
    // No tag holds a `<` beyond its first.
    let mut tags = text.split('<');
    tags.all(|tag| tag.matches('=').count() <= MAX_ATTRIBUTES)
        && text.matches("xmlns").count() <= MAX_NAMESPACES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::Stacks;

    /// The images that a pom pushes, with their places: the line, from 1.
    fn pushed(pom: &str) -> Vec<(usize, String)> {
        let stacks = Stacks::default();
        let mut shell = Shell::new(&stacks);
        read(&mut shell, pom, &Env::default());
        let line = |at: usize| 1 + pom.get(..at).unwrap().matches('\n').count();
        let pushes = shell.pushes.all.iter();
        pushes
            .map(|push| (line(push.at), value::shown(&push.image)))
            .collect()
    }

    /// A pom with the plugin, which has this inside of it, and with this before its build.
    fn pom(before: &str, inside: &str) -> String {
        format!(
            "<project>{before}<build><plugins><plugin>\
             <artifactId>jib-maven-plugin</artifactId>{inside}\
             </plugin></plugins></build></project>"
        )
    }

    fn images(before: &str, inside: &str) -> Vec<String> {
        let pushed = pushed(&pom(before, inside));
        pushed.into_iter().map(|(_, image)| image).collect()
    }

    const WEB: &str = "<configuration><to><image>a.dkr.ecr.b/web</image></to></configuration>";

    #[test]
    fn image_and_tags_are_pushed_at_their_lines() {
        let pom = "<?xml version=\"1.0\"?>\n<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n\
            <build><plugins><plugin>\n<artifactId> jib-maven-plugin </artifactId>\n<configuration>\n\
            <to>\n<image>\n  a.dkr.ecr.b/web:1\n</image>\n<tags>\n<tag>stable</tag>\n<tag>dev</tag></tags></to>\n\
            </configuration></plugin></plugins></build></project>";
        let expected = [
            (8, "a.dkr.ecr.b/web:1"),
            (11, "a.dkr.ecr.b/web:stable"),
            (12, "a.dkr.ecr.b/web:dev"),
        ];
        assert_eq!(
            pushed(pom),
            expected.map(|(line, of)| (line, of.to_owned()))
        );
    }

    #[test]
    fn prefixed_elements_are_read() {
        let pom = "<m:project xmlns:m=\"http://maven.apache.org/POM/4.0.0\"><m:build><m:plugins><m:plugin>\
            <m:artifactId>jib-maven-plugin</m:artifactId><m:configuration><m:to><m:image>a.dkr.ecr.b/web</m:image>\
            </m:to></m:configuration></m:plugin></m:plugins></m:build></m:project>";
        assert_eq!(pushed(pom), [(1, "a.dkr.ecr.b/web".to_owned())]);
    }

    #[test]
    fn comment_is_no_configuration() {
        let commented =
            "<!-- <configuration><to><image>a.dkr.ecr.b/old</image></to></configuration> -->";
        let split = "<configuration><to><image>a.dkr.ecr.b/<!-- the new one -->web</image></to></configuration>";
        assert_eq!(
            images("", &format!("{commented}{split}")),
            ["a.dkr.ecr.b/web"]
        );
        assert!(images("", commented).is_empty());
        let plugin =
            "<project><!-- <plugin><artifactId>jib-maven-plugin</artifactId> --></project>";
        assert!(pushed(plugin).is_empty());
    }

    #[test]
    fn cdata_and_references_are_text() {
        let pom = pom(
            "",
            "<configuration><to><image>\n<![CDATA[a.dkr.ecr.b/web]]></image><tags><tag>&#108;atest</tag></tags>\
             </to></configuration>",
        );
        let expected = [(2, "a.dkr.ecr.b/web"), (2, "a.dkr.ecr.b/web:latest")];
        assert_eq!(
            pushed(&pom),
            expected.map(|(line, of)| (line, of.to_owned()))
        );
    }

    #[test]
    fn property_of_any_place_is_resolved() {
        let properties = "<artifactId>web</artifactId><properties><full-name>${ecr.host}/${project.artifactId}</full-name>\
            <ecr.host>123456789012.dkr.ecr.eu-west-1.amazonaws.com</ecr.host></properties>";
        let inside = "<configuration><to><image>${full-name}:${project.version}</image></to></configuration>";
        assert_eq!(
            images(properties, inside),
            ["123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:${project.version}"]
        );
    }

    #[test]
    fn property_of_profile_is_another_value() {
        let properties = "<profiles><profile><properties><tag>dev</tag></properties></profile></profiles>\
            <properties><tag>latest</tag></properties>";
        let inside =
            "<configuration><to><image>a.dkr.ecr.b/web:${tag}</image></to></configuration>";
        assert_eq!(
            images(properties, inside),
            ["a.dkr.ecr.b/web:latest", "a.dkr.ecr.b/web:dev"]
        );
    }

    #[test]
    fn unknown_property_is_shown_as_written() {
        let inside = "<configuration><to><image>${a.b}/web:${env.TAG}</image></to></configuration>";
        assert_eq!(images("", inside), ["${a.b}/web:${env.TAG}"]);
        let inside = "<configuration><to><image>a.dkr.ecr.b/web:${</image></to></configuration>";
        assert_eq!(images("", inside), ["a.dkr.ecr.b/web:${"]);
        let own = "<properties><a>${a}x</a></properties>";
        let inside = "<configuration><to><image>a.dkr.ecr.b/${a}</image></to></configuration>";
        assert_eq!(images(own, inside), ["a.dkr.ecr.b/${a}xx"]);
    }

    #[test]
    fn plugin_of_profile_and_of_management_is_read() {
        let plugin = |image: &str| {
            format!(
                "<plugins><plugin><artifactId>jib-maven-plugin</artifactId><configuration><to>\
                 <image>{image}</image></to></configuration></plugin></plugins>"
            )
        };
        let pom = format!(
            "<project><build><pluginManagement>{}</pluginManagement></build><profiles><profile><build>{}\
             </build></profile></profiles></project>",
            plugin("a.dkr.ecr.b/a"),
            plugin("a.dkr.ecr.b/b")
        );
        let expected = ["a.dkr.ecr.b/a", "a.dkr.ecr.b/b"].map(|image| (1, image.to_owned()));
        assert_eq!(pushed(&pom), expected);
    }

    #[test]
    fn execution_keeps_what_it_does_not_say() {
        let execution = |goal: &str, to: &str| {
            format!(
                "<executions><execution><goals><goal>{goal}</goal></goals><configuration><to>{to}</to>\
                 </configuration></execution></executions>"
            )
        };
        let tags = "<tags><tag>dev</tag></tags>";
        let inside = format!("{WEB}{}", execution("build", tags));
        assert_eq!(
            images("", &inside),
            ["a.dkr.ecr.b/web", "a.dkr.ecr.b/web:dev"]
        );
        let other = "<image>a.dkr.ecr.b/jobs</image>";
        assert_eq!(images("", &execution("build", other)), ["a.dkr.ecr.b/jobs"]);
        for goal in LOCAL_GOALS {
            let inside = format!("{WEB}{}", execution(goal, other));
            assert!(images("", &inside).is_empty(), "{goal}");
        }
    }

    #[test]
    fn pom_that_is_not_well_formed_pushes_nothing() {
        let whole = pom("", WEB);
        assert_eq!(pushed(&whole).len(), 1);
        let cut = whole.strip_suffix("</project>").unwrap();
        assert!(pushed(cut).is_empty());
        assert!(pushed(&format!("<!DOCTYPE project>{whole}")).is_empty());
        let other = whole.replace("project>", "settings>");
        assert!(pushed(&other).is_empty());
    }

    #[test]
    fn pom_of_many_attributes_or_namespaces_is_not_parsed() {
        use std::fmt::Write as _;

        let (mut attributes, mut namespaces) = (String::new(), String::new());
        for number in 0..=MAX_ATTRIBUTES {
            write!(attributes, " a{number}=\"\"").unwrap();
            write!(namespaces, "<x xmlns:a{number}=\"a{number}\"/>").unwrap();
        }
        for before in [format!("<x{attributes}/>"), namespaces] {
            assert!(images(&before, WEB).is_empty());
        }
    }
}
