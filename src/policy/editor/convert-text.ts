import { stringify } from 'yaml'
import { toAccessPolicies } from '../convert/to-access-policies.ts'
import { toPolicyLanguage } from '../convert/to-language.ts'
import { readPolicyText, type PolicyForm, type TextProblem } from './policy-text.ts'

/** YAML of the other view of a policy, or why there is none, each part at its place in the text. */
export type ConvertedText =
  | { readonly text: string }
  | { readonly problems: readonly TextProblem[] }

/** The policy of a text as the other of its two views has it. */
export function convertPolicyText(text: string, from: PolicyForm): ConvertedText {
  const read = readPolicyText(text, from)
  if ('problems' in read) return read
  const converted =
    from === 'policy' ? toAccessPolicies(read.document ?? []) : toPolicyLanguage(read.document)
  if ('problems' in converted) return { problems: converted.problems.map(read.place) }
  return { text: stringify(converted.document, { aliasDuplicateObjects: false, lineWidth: 0 }) }
}
