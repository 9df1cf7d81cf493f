//! What Jib's plugin pushes, by the `pom.xml` of Maven.
//!
//! Source: "Jib - Containerize your Maven project".

use crate::build::jib;
use crate::script::{Dialect, Script};
use crate::shell::{Env, Shell};
use crate::value::Part;

/// Reads what Jib is told in a `pom.xml`.
pub(crate) fn read(shell: &mut Shell<'_>, text: &str, around: &Env<'_>) {
    let mut env = Env::within(around);
    env.set(
        "project.version",
        vec![vec![Part::Derived("${project.version}".to_owned())]],
    );
    if let Some((_, properties)) = text.split_once("<properties>") {
        let properties = properties.split("</properties>").next().unwrap_or_default();
        for piece in properties.split('<').skip(1) {
            if let Some((name, value)) = piece
                .split_once('>')
                .filter(|(name, _)| !name.starts_with('/'))
            {
                let script = Script::new(value.trim(), 0, Dialect::Shell);
                let values = shell.value(&script, &mut env);
                env.set(name.trim(), values);
            }
        }
    }
    let mut from = 0;
    while let Some(found) = text
        .get(from..)
        .and_then(|rest| rest.find("jib-maven-plugin"))
    {
        let start = from + found;
        let rest = text.get(start..).unwrap_or_default();
        let end = rest.find("</plugin>").unwrap_or(rest.len());
        from = start + end.max(1);
        let plugin = rest.get(..end).unwrap_or_default();
        let only_local =
            plugin.contains("<goal>dockerBuild</goal>") && !plugin.contains("<goal>build</goal>");
        let Some((to, offset)) = element(plugin, "to", 0).filter(|_| !only_local) else {
            continue;
        };
        let base = start + offset;
        let mut value =
            |text: &str, at: usize| shell.value(&Script::new(text, at, Dialect::Shell), &mut env);
        let Some((image, offset)) = element(to, "image", 0) else {
            continue;
        };
        let image = (value(image.trim(), base + offset), base + offset);
        let mut tags = Vec::new();
        let mut next = 0;
        while let Some((tag, offset)) = element(to, "tag", next) {
            next = offset + tag.len();
            tags.push((value(tag.trim(), base + offset), base + offset));
        }
        jib::push(shell, Some(image), &tags);
    }
}

/// What the next element of a name holds, and where that begins.
fn element<'x>(text: &'x str, name: &str, from: usize) -> Option<(&'x str, usize)> {
    let open = format!("<{name}>");
    let start = from + text.get(from..)?.find(&open)? + open.len();
    let len = text.get(start..)?.find(&format!("</{name}>"))?;
    Some((text.get(start..start + len)?, start))
}
