import type { KeptEntry } from '../audit/read-audit.ts'

/** What came of something, where that was a question. */
export type AuditOutcome = 'allowed' | 'refused' | 'failed' | 'cut'

/** Of a decision the verdict; of what else happened what its name says, which is in the past tense. */
export function auditOutcome(entry: KeptEntry): AuditOutcome | undefined {
  if (typeof entry['allow'] === 'boolean')
    return entry['allow'] && entry['deny'] !== true ? 'allowed' : 'refused'
  return byWord.find(([word]) => word.test(entry.event))?.[1]
}

const byWord: readonly (readonly [RegExp, AuditOutcome])[] = [
  [/\bfailed\b/, 'failed'],
  [/\b(?:refused|denied)\b/, 'refused'],
  [/\bcut\b/, 'cut'],
  [/\b(?:signed in|approved|granted)\b/, 'allowed'],
]
