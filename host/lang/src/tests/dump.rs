//! temporary
use super::compiled;
use crate::source::Lines;
#[test]
fn dump() {
    let mut files: Vec<_> = std::fs::read_dir("/tmp/cases").unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    for f in files {
        let text = std::fs::read_to_string(&f).unwrap();
        let found = compiled(&text);
        let lines = Lines::new(&text);
        let mut out = String::new();
        for d in &found.diagnostics {
            let p = lines.position(d.span.start);
            let at = text.get(d.span.start..d.span.end).unwrap_or("??");
            out += &format!("{}:{} {} [{}] {{{}}} {} || {}", p.line, p.column, d.code.id, d.yaml_path.clone().unwrap_or_default(), at, d.message, d.help.clone().unwrap_or_default());
            for l in &d.labels { out += &format!(" ({} {})", lines.line(l.span.start), l.text); }
            out += "\n";
        }
        if let Some(g) = found.graph { g.assert_valid(); out += "graph\n"; }
        std::fs::write(f.with_extension("out"), out).unwrap();
    }
}
