//! What compose files push, if anybody pushes it.
//!
//! Source: Compose Build Specification ("Publishing built images").

use crate::pushes::ImagePush;
use crate::shell::Env;
use crate::yaml::YamlReader;

/// The services of a compose file that are built here. Those that go to
/// ECR by their names are pushed by whoever pushes; the others only if a
/// script does.
pub(crate) fn pushes(yaml: &mut YamlReader<'_, '_, '_>, env: &Env<'_>) -> Vec<ImagePush> {
    let mut found = Vec::new();
    for &root in yaml.tree.documents() {
        let Some(services) = yaml.get(root, "services") else {
            continue;
        };
        for service in yaml.tree.entries(services) {
            let service = yaml.tree.resolve(service.value);
            let mut images = Vec::new();
            if let Some(build) = yaml.get(service, "build") {
                images.extend(yaml.get(service, "image"));
                if let Some(tags) = yaml.get(build, "tags") {
                    images.extend(yaml.tree.items(tags));
                }
            }
            for image in images {
                let Some(values) = yaml.value(image, &mut Env::within(env)) else {
                    continue;
                };
                let at = yaml.place(image);
                let by = "docker compose push";
                found.extend(values.into_iter().map(|image| ImagePush { at, image, by }));
            }
        }
    }
    found
}
