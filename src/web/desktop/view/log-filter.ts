import type { LogEntry } from '../../../desktop/wire/view.ts'

export const levels = ['all', 'info', 'warn', 'error'] as const
export type LevelChoice = (typeof levels)[number]

/** The lines of one kind that have a text, newest first. */
export function filterLog(
  entries: readonly LogEntry[],
  level: LevelChoice,
  text: string,
): readonly LogEntry[] {
  const sought = text.trim().toLowerCase()
  return entries
    .filter((entry) => level === 'all' || entry.level === level)
    .filter(
      ({ message, hint = '', code = '', request_id: requestId = '' }) =>
        sought === '' ||
        `${message}\n${hint}\n${code}\n${requestId}`.toLowerCase().includes(sought),
    )
    .toReversed()
}
