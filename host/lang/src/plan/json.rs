//! The plan as JSON, for programs.

use serde_json::{Value, json};

use super::Plan;

impl Plan {
    /// Everything, for programs. Fuel, nano-USD and microseconds are integers.
    pub fn to_json(&self) -> Value {
        let micros =
            |time: std::time::Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bound = &self.bound;
        let mut plan = json!({
            "skills": self.skills.iter().map(|skill| json!({
                "id": skill.id.to_string(),
                "version": skill.version.to_string(),
                "component": skill.component.to_string(),
                "steps": skill.steps,
            })).collect::<Vec<_>>(),
            "pipelines": self.pipelines.iter().map(|pipeline| json!({
                "id": pipeline.release.id.to_string(),
                "version": pipeline.release.version.to_string(),
                "document": pipeline.release.document.to_string(),
                "steps": pipeline.steps,
            })).collect::<Vec<_>>(),
            "rights": self.rights.iter().map(|rights| json!({
                "yaml_path": rights.yaml_path,
                "step": rights.id,
                "skill": rights.skill.to_string(),
                "caps": rights.caps,
            })).collect::<Vec<_>>(),
            "data_paths": self.paths.iter().map(|path| json!({
                "steps": path.steps,
                "from": path.from,
                "to": path.to,
            })).collect::<Vec<_>>(),
            "bound": {
                "calls": bound.calls,
                "fuel": bound.fuel,
                "open_calls": bound.open_calls,
                "cost_nano": bound.cost_nano,
                "wall_us": micros(bound.wall),
                "declared_wall_us": micros(bound.declared_wall),
                "open_waits": bound.open_waits,
                "lines": bound.lines.iter().map(|line| json!({
                    "yaml_path": line.yaml_path,
                    "step": line.id,
                    "sum": line.sum,
                    "fuel": line.fuel,
                    "open_calls": line.open_calls,
                })).collect::<Vec<_>>(),
            },
            "excess": self.excess.iter().map(|excess| json!({
                "limit": excess.limit,
                "allowed": excess.allowed,
                "bound": excess.bound,
            })).collect::<Vec<_>>(),
        });
        if let (Some(plan), Some(models)) = (plan.as_object_mut(), self.tokens) {
            let models = json!({ "tokens": models.tokens, "cost_nano": models.cost_nano });
            plan.insert("models".to_owned(), models);
        }
        plan
    }
}
