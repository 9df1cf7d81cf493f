//! What buildspecs of AWS `CodeBuild` push.
//!
//! This module owns their structure: variables and phases. The variables that a template gives to
//! a build come from `stack`.
//!
//! Source: AWS `CodeBuild` User Guide, "Build specification reference".

use crate::shell::Env;
use crate::yaml::YamlReader;

/// Reads a buildspec.
pub(crate) fn read(yaml: &mut YamlReader<'_, '_, '_>, env: &Env<'_>) {
    for &root in yaml.tree.documents() {
        let mut env = Env::within(env);
        if let Some(variables) = yaml.at_path(root, &["env", "variables"]) {
            yaml.variables(variables, &mut env);
        }
        let Some(phases) = yaml.get(root, "phases") else {
            continue;
        };
        for phase in yaml.tree.entries(phases) {
            let phase = yaml.tree.resolve(phase.value);
            for key in ["commands", "finally"] {
                if let Some(commands) = yaml.get(phase, key) {
                    yaml.run(commands, &mut env);
                }
            }
        }
    }
}
