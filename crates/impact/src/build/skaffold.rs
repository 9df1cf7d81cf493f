//! What the artifacts of skaffold files push.
//!
//! Source: Skaffold Docs, "Taggers".

use crate::pushes::ImagePush;
use crate::shell::Env;
use crate::value;
use crate::yaml::YamlReader;

/// Reads a `skaffold.yaml`: its artifacts, and the tags that they get.
pub(crate) fn read(yaml: &mut YamlReader<'_, '_, '_>, env: &Env<'_>) {
    for &root in yaml.tree.documents() {
        let Some(build) = yaml.get(root, "build") else {
            continue;
        };
        let says_no = yaml
            .at_path(build, &["local", "push"])
            .and_then(|push| yaml.tree.literal(push));
        if says_no == Some("false") {
            continue;
        }
        let policy = yaml.get(build, "tagPolicy");
        let has = |key: &str| policy.is_some_and(|policy| yaml.get(policy, key).is_some());
        let template = policy.and_then(|policy| yaml.at_path(policy, &["envTemplate", "template"]));
        let tag = if has("sha256") {
            // Source: Skaffold Docs, "sha256: tags images with latest".
            value::text("latest")
        } else if let Some(template) = template {
            let Some(values) = yaml.value(template, &mut Env::within(env)) else {
                continue;
            };
            values
        } else {
            continue;
        };
        let artifacts = yaml.get(build, "artifacts");
        let artifacts = artifacts.map_or(&[][..], |artifacts| yaml.tree.items(artifacts));
        for &artifact in artifacts {
            let Some(image) = yaml.get(yaml.tree.resolve(artifact), "image") else {
                continue;
            };
            let Some(values) = yaml.value(image, &mut Env::within(env)) else {
                continue;
            };
            let values = value::concat(&value::concat(&values, &value::text(":")), &tag);
            let at = yaml.place(image);
            let pushes = values.into_iter().map(|image| ImagePush {
                at,
                image,
                by: "skaffold",
            });
            yaml.shell.pushes.extend(pushes);
        }
    }
}
