import { z } from 'zod'

/** A word that can be written, with one line about it. */
const word = z.strictObject({ name: z.string(), doc: z.string() })

/** `GET /api/v1/policy-language`: what an editor offers. */
export const policyLanguageAnswer = z.strictObject({
  /** Of a rule: `allow`, `deny`. */
  sides: z.array(word),
  operators: z.array(word),
  criteria: z.array(
    z.strictObject({
      /** As it is written, such as `email` or `claim/PATH`. */
      name: z.string(),
      doc: z.string(),
      /** What its data looks like, in words. */
      data: z.string(),
      /** The matcher that its data is; null where it is something of its own. */
      matcher: z.enum(['string', 'string-list']).nullable(),
      /** Keys of its data, where that is an object of its own. */
      keys: z.array(z.string()),
      /** YAML of its data, to begin with. */
      example: z.string(),
    }),
  ),
  matchers: z.strictObject({ string: z.array(word), 'string-list': z.array(word) }),
  /** Cloudflare's words: what a policy does, and whom it is about. */
  actions: z.array(word),
  parts: z.array(word),
  selectors: z.array(
    z.strictObject({
      name: z.string(),
      doc: z.string(),
      /** What its data looks like, in words. */
      form: z.string(),
      /** In policies of which actions it may stand. */
      actions: z.array(z.string()),
      /** Whether its data is `true` and nothing else. */
      flag: z.boolean(),
    }),
  ),
})
export type PolicyLanguageAnswer = z.output<typeof policyLanguageAnswer>

/** @limit characters of the text of a policy that is checked or converted: 400 */
const maxTextLength = 65_536

/**
 * `POST /api/v1/policies/convert`: the policy language as Cloudflare's view (`policies`: allow, block, bypass,
 * service_auth with include, require, exclude), or that as the policy language.
 */
export const convertRequest = z.strictObject({
  from: z.enum(['policy', 'policies']),
  /** YAML of the value of the key `policy` or `policies`. */
  text: z.string().max(maxTextLength),
})
export type ConvertRequest = z.output<typeof convertRequest>

/** A place in a text, counted from 1. */
export const textProblem = z.strictObject({
  line: z.int().min(1),
  column: z.int().min(1),
  /** End of what is at fault, behind its last character. */
  end_line: z.int().min(1),
  end_column: z.int().min(1),
  message: z.string(),
  hint: z.string().optional(),
})
export type TextProblem = z.output<typeof textProblem>

/** Either the other view, or why there is none: faults of the text, or parts that the other view has no words for. */
export const convertAnswer = z.strictObject({
  /** YAML of the other view; null where there is none. */
  text: z.string().nullable(),
  problems: z.array(textProblem),
})
export type ConvertAnswer = z.output<typeof convertAnswer>

/** `POST /api/v1/policies/check-text`: faults of a text while it is written. */
export const checkTextRequest = convertRequest
export const checkTextAnswer = z.strictObject({ problems: z.array(textProblem) })
export type CheckTextAnswer = z.output<typeof checkTextAnswer>
