import type { SecretKind } from './collected.ts'

/** Commands whose result is a secret, because somebody has asked for it, by the words they begin with. */
const results: readonly (readonly [RegExp, SecretKind])[] = [
  [/^tunnel (?:.* )?token\b/, 'connector credential'],
  [/^tunnel create\b/, 'connector credential'],
  [/^service-account (?:create|rotate)\b/, 'service account credential'],
  [/^access (?:login|token)\b/, 'session token'],
]

/** What a command of `postern` prints, or writes to a file; undefined for one that hands out no secret. */
export function resultOf(args: readonly string[]): SecretKind | undefined {
  const words = args.join(' ')
  return results.find(([pattern]) => pattern.test(words))?.[1]
}

/** The file that it writes its result to; undefined where it prints that. */
export function resultFileOf(args: readonly string[]): string | undefined {
  const at = args.findIndex((word) => /^--(?:output|credentials-file)$/.test(word))
  return at === -1 ? undefined : args[at + 1]
}
