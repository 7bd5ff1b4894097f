import type { z } from 'zod'
import * as values from './setting-values.ts'

/** One key: what it takes, what it is without one, and what the reference says about it. */
export interface Key<T> {
  readonly schema: z.ZodType<T>
  /** What a value looks like, for the reference: `duration`, `list of text`. */
  readonly type: string
  /** As it would be written; the schema reads it like any other value. */
  readonly default?: unknown
  /** What happens without one where that is not a value, Markdown. */
  readonly without?: string
  /** Markdown, one or two sentences. */
  readonly doc: string
  /** For a bound: what happens to whoever passes it, for docs/limits.md. */
  readonly beyond?: string
  /**
   * How the environment variable is read: as it is, as a list with commas, as a flag, as base64 of
   * YAML; `none` when there is no variable.
   */
  readonly variable: 'text' | 'list' | 'flag' | 'base64-yaml' | 'none'
}

/** A key as a table of them holds it. */
export const key = <T>(definition: Key<T>): Key<T> => definition

/** A key that takes text; most do. */
export const textKey = <T>(
  schema: z.ZodType<T>,
  type: string,
  rest: Partial<Key<T>> & { doc: string },
) => key<T>({ schema, type, variable: 'text', ...rest })

/** A key that takes a duration, and what happens beyond it. */
export const durationKey = (
  schema: z.ZodType<number>,
  fallback: string,
  doc: string,
  beyond: string,
) => textKey(schema, 'duration', { default: fallback, doc, beyond })

/** A key that takes a whole number, and what happens beyond it. */
export const countKey = (fallback: string, doc: string, beyond: string) =>
  textKey(values.count, 'whole number', { default: fallback, doc, beyond })

/** A key that takes a path. */
export const pathKey = (doc: string) => textKey(values.path, 'path', { doc })

/** A key that takes a secret of 32 bytes. */
export const secretKeyKey = (use: string) =>
  textKey(values.secretKey, 'base64 of 32 bytes', {
    without: 'one is made once and kept in `state_directory`',
    doc: use,
  })

/** The default of a key, read like a value that was written. */
export function defaultOf<T>({ schema, default: written }: Key<T>): T {
  return schema.parse(written)
}

/** What a table of keys reads to: only what was given and is right. */
export type ValuesOf<Keys extends Record<string, Key<unknown>>> = {
  -readonly [Name in keyof Keys]?: z.output<Keys[Name]['schema']>
}
