import { show, textOf, type Fault } from './schema.ts'

/**
 * Longest name of a namespace, in characters.
 *
 * @limit the name of a namespace: the configuration does not load
 */
const maxNameChars = 64

/** The name of a namespace: fit for a URL and a log line. */
export const namespaceName = textOf(
  'a name such as databases',
  (value): string | Fault | undefined => {
    if (value.length > maxNameChars) {
      return { fault: `must be at most ${maxNameChars} characters, not ${value.length}` }
    }
    if (/^[a-z\d][a-z\d._-]*$/.test(value)) return value
    if (!/^[A-Za-z\d][\w.-]*$/.test(value)) return undefined
    return { fault: `${show(value)} must be in lower case` }
  },
)
