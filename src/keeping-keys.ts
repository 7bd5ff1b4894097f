// What routes and named policies say of how they are kept, and nothing of what they decide.
import { z } from 'zod'
import { key } from './setting-key.ts'
import { flag, lineOf } from './setting-values.ts'

/** @limit characters of a tag: the configuration does not load */
const maxTagChars = 64
/** @limit tags of a route or of a named policy: the configuration does not load */
const maxTags = 32

const tag = lineOf(maxTagChars).refine((text) => text !== '', { error: 'must not be empty' })

/** Each once. */
export const tagList: z.ZodType<readonly string[]> = z
  .array(tag)
  .max(maxTags, { error: `must be at most ${maxTags} tags` })
  .transform((tags) => [...new Set(tags)])

export const keepingKeys = {
  tags: key({
    schema: tagList,
    type: 'list of text',
    without: 'none',
    variable: 'none',
    doc: 'Words to find it by in the console; no decision reads them.',
  }),
  disabled: key({
    schema: flag,
    type: 'true or false',
    default: false,
    variable: 'none',
    doc: 'Keeps it as if it were not there.',
  }),
} as const
