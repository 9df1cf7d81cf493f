//! immutag
fn main() {
    use std::io::Write;
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap_or_default();
    let allow = if args.next().is_some() {
        immutag::plan::Applicability::Unsafe
    } else {
        immutag::plan::Applicability::Safe
    };
    let bytes = std::fs::read(path).unwrap_or_default();
    let r = immutag::remediate::remediate(
        &bytes,
        &immutag::remediate::Rules {
            allow,
            ..Default::default()
        },
    );
    match r {
        Ok(a) => {
            for f in &a.findings {
                let _ = writeln!(std::io::stderr(), "{f:?}");
            }
            if let Some(r) = a.remediation {
                let _ = std::io::stdout().write_all(r.after.as_bytes());
            }
        }
        Err(e) => {
            let _ = writeln!(std::io::stderr(), "{e:?}");
        }
    }
}
