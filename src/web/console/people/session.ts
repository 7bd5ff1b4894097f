import type { SessionView } from '../../../console/wire/sessions.ts'

export type Session = SessionView

/** The best name there is. */
export function nameOf({ name, email, user }: Session): string {
  return name ?? email ?? user
}
