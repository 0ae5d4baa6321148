/** Statements of a connection, each prepared once: of a small rollout preparing what reads it takes longer than reading it. */
import type Database from "better-sqlite3";

const STATEMENTS: WeakMap<Database.Database, Map<string, Database.Statement>> = new WeakMap();

/**
 * The statement of this text, the same one for everybody who asks: nobody may leave it open, and all want its rows in the same
 * form.
 */
export function prepared<Parameters extends unknown[], Row>(
  database: Database.Database,
  sql: string,
): Database.Statement<Parameters, Row> {
  let statements = STATEMENTS.get(database);
  if (statements === undefined) STATEMENTS.set(database, (statements = new Map()));
  let statement = statements.get(sql);
  if (statement === undefined) statements.set(sql, (statement = database.prepare(sql)));
  // What a statement takes and gives, its text says.
  return statement as Database.Statement<Parameters, Row>;
}
