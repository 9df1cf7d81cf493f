//! What the scripts of `package.json` push.
//!
//! Source: npm Docs, "scripts".

use crate::shell::Env;
use crate::yaml::YamlReader;

/// Reads a `package.json`: each script is a shell of its own.
pub(crate) fn read(yaml: &mut YamlReader<'_, '_, '_>, env: &Env<'_>) {
    for &root in yaml.tree.documents() {
        let Some(scripts) = yaml.get(root, "scripts") else {
            continue;
        };
        for script in yaml.tree.entries(scripts) {
            yaml.run(script.value, &mut Env::within(env));
        }
    }
}
