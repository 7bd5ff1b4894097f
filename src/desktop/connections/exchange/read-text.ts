import { ConfigError, messageOf } from '../../../errors.ts'
import { formatPath, parseYamlInTurns, type YamlText } from '../../../yaml-text.ts'

/** @limit a text of connections that is imported, in UTF-16 units: a fault */
const maxTextLength = 8 * 1024 * 1024

/**
 * Reading YAML, or where things stand in JSON, takes half a second of this much; plain JSON takes a hundredth of that.
 *
 * @limit a text of connections whose faults have a line and a column, in UTF-16 units: a longer one must be JSON
 */
const maxPlacedLength = 1024 * 1024

/**
 * Reads YAML or JSON; others get their turn meanwhile.
 *
 * @throws {ConfigError} with the faults of the text itself
 */
export async function readText(source: string, text: string): Promise<YamlText> {
  if (text.length <= maxPlacedLength) return await parseYamlInTurns(source, text)
  if (text.length > maxTextLength) {
    throw new ConfigError([{ source, path: '', message: 'is longer than 8 MiB' }])
  }
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ''))
    return {
      source,
      value,
      problem: (path, message, { hint } = {}) => ({
        source,
        path: formatPath(path),
        message,
        ...(hint !== undefined && { hint }),
      }),
    }
  } catch (error) {
    const message = `is longer than 1 MiB, and not JSON: ${messageOf(error)}`
    throw new ConfigError([{ source, path: '', message, hint: 'write it as several files' }])
  }
}
