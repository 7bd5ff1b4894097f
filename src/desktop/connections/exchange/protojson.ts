import type { Problem } from '../../../errors.ts'
import { mustBe, valueAt } from '../../../schema.ts'
import { parseBase64Pem } from '../../../setting-values.ts'
import type { Path, YamlText } from '../../../yaml-text.ts'

// The JSON form of protocol buffers (https://protobuf.dev/programming-guides/json/): a field has the name of the
// `.proto` or the same in lowerCamelCase, `null` is a field that is not there, an enum is a name or a number, and
// bytes are base64 of either alphabet, padded or not.

/** A field that is there. */
export interface Field {
  readonly value: unknown
  readonly path: Path
}

/** The fields of one message, by their names in the `.proto`. */
export type Message<Name extends string> = Readonly<Partial<Record<Name, Field>>>

export interface MessageReader {
  /** Undefined for what is no message. */
  message<Name extends string>(field: Field, names: readonly Name[]): Message<Name> | undefined
  list(field: Field | undefined): readonly Field[]
  /** Undefined for an empty text as well. */
  text(field: Field | undefined): string | undefined
  flag(field: Field | undefined): boolean | undefined
  /** Bytes of PEM; what they are is never said. */
  pem(field: Field | undefined): string | undefined
  /** Undefined for the first name, which stands for none. */
  oneOf<Name extends string>(field: Field | undefined, names: readonly Name[]): Name | undefined
}

/** Collects what is wrong in `problems`, and the fields that nobody knows in `unknown`. */
export function createMessageReader(
  text: YamlText,
  problems: Problem[],
  unknown: Path[],
): MessageReader {
  const fault = ({ path }: Field, message: string): undefined => {
    problems.push(text.problem(path, message))
    return undefined
  }

  return {
    message<Name extends string>(field: Field, names: readonly Name[]) {
      const { value, path } = field
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        return fault(field, mustBe('a mapping of keys to values', value))
      }
      const known = new Map(
        names.flatMap(
          (name) =>
            [
              [name, name],
              [camel(name), name],
            ] as const,
        ),
      )
      const read = new Map<Name, Field>()
      for (const key of Object.keys(value)) {
        const name = known.get(key)
        const at: Field = { value: valueAt(value, [key]), path: [...path, key] }
        if (name === undefined) unknown.push(at.path)
        else if (read.has(name)) fault(at, `"${name}" is given twice`)
        else if (at.value !== null) read.set(name, at)
      }
      return Object.fromEntries(read) as Message<Name>
    },
    list(field) {
      if (field === undefined) return []
      const { value, path } = field
      if (!Array.isArray(value)) return fault(field, mustBe('a list', value)) ?? []
      return value.map((item: unknown, index) => ({ value: item, path: [...path, index] }))
    },
    text(field) {
      if (field === undefined || field.value === '') return undefined
      return typeof field.value === 'string'
        ? field.value
        : fault(field, mustBe('text', field.value))
    },
    flag(field) {
      if (field === undefined) return undefined
      const { value } = field
      return typeof value === 'boolean' ? value : fault(field, mustBe('true or false', value))
    },
    pem(field) {
      if (field === undefined || field.value === '') return undefined
      const { value } = field
      const standard =
        typeof value === 'string' ? value.replaceAll('-', '+').replaceAll('_', '/') : ''
      return parseBase64Pem(standard) ?? fault(field, 'must be base64 of a PEM text')
    },
    oneOf<Name extends string>(field: Field | undefined, names: readonly Name[]) {
      if (field === undefined) return undefined
      const { value } = field
      const found = typeof value === 'number' ? names[value] : names.find((name) => name === value)
      if (found === undefined) {
        return fault(field, mustBe(`one of ${names.map((name) => `"${name}"`).join(', ')}`, value))
      }
      return found === names[0] ? undefined : found
    },
  }
}

/** `remote_addr` as `remoteAddr`. */
export function camel(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
