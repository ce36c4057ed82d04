// Finding assessments in the console, by time and by which provider gave no answer; and what the engines were told of each.
import type { Knex } from 'knex'

// The last of text: canonical JSON has a quote inside a value only behind a backslash, so that no value looks like this member.
const change = `
alter table risk_assessment add column failed text[] not null default '{}';
create index risk_assessment_time on risk_assessment (institution, created_at, id);
create index audit_event_assessment on audit_event (institution, substring(body from '"assessment":"([A-Za-z0-9_-]{22})"'))
  where type in ('risk.reported', 'risk.unreported');
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(change)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
