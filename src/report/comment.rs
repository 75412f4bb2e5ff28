//! The plan on the commit's pull request: one comment for each environment, edited in place.

use super::{Comment, Content, Saying, View, by_several, text};

/// Characters of a comment (Create an issue comment: 65,536).
pub(super) const LONGEST_COMMENT: usize = 65_536;
/// Characters kept for all but the plan itself.
const FRAME: usize = 8_000;

impl View<'_> {
    /// The comment, once there is a plan.
    pub(super) fn comment(&self) -> Option<Saying> {
        let record = self.record;
        let plan = record.evidence.plan.as_ref()?;
        let (environment, run) = (record.environment, record.run.short());
        let marker = format!("<!-- relevo plan {environment} -->");
        let pointer =
            format!("The plan is longer than a comment may be. All of it: `agent show {run}`");
        let mut body =
            format!("{marker}\n### What {} changes in `{environment}`\n\n", record.commit.short());
        let room = LONGEST_COMMENT - FRAME;
        body.push_str(&text::block(&self.plan_text(plan), room, &pointer));
        if let Some(verdict) = &record.evidence.verdict {
            body.push_str("\nThe gate:\n\n");
            body.push_str(&text::block(&verdict.to_string(), FRAME / 2, &pointer));
        }
        let shown = plan.hash();
        if let Some((_, request)) = self.state.requests().find(|(_, asked)| asked.plan == shown) {
            let (plan, until) = (request.plan.short(), request.until.strftime("%F %T UTC"));
            let by = by_several(request);
            body.push_str(&format!(
                "\nIt waits until {until} for the approval of plan `{plan}`{by}. Who may, comments \
                 `/approve {run} {plan}` or `/reject {run} {plan} REASON`.\n"
            ));
        }
        let page =
            self.run_page().map_or_else(|| format!("`{run}`"), |page| format!("[{run}]({page})"));
        body.push_str(&format!("\nRun {page}\n"));
        Some(Saying {
            key: "comment".to_owned(),
            content: Content::Comment(Comment {
                commit: record.commit.clone(),
                branch: record.reference.to_owned(),
                marker,
                body: text::cut(&body, LONGEST_COMMENT),
            }),
        })
    }
}
