import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { EditedSource } from '../planting/edit-source.ts'

/** One thing that somebody tries, what in the sources stands in their way, and the test that does the trying. */
export interface Guard extends EditedSource {
  /** What the attacker does, as the beginning of a sentence: `a state that comes back a second time`. */
  readonly tries: string
  readonly test: GuardTest
}

export interface GuardTest {
  /** From the root of the repository. */
  readonly file: string
  /** As it is shown, without those of its groups. */
  readonly title: string
}

/** A kind of attack. */
export interface Attack {
  /** What it is called, as people look for it. */
  readonly name: string
  readonly guards: readonly Guard[]
}

/** What stands in an entry of the lists: one edit is the rule. */
export interface GuardEntry extends Pick<Guard, 'tries' | 'file'> {
  readonly right: string
  readonly wrong: string
  /** Further edits of the same guard: it stands in several places. */
  readonly also?: EditedSource['edits']
  /** The file of the test, and its title. */
  readonly test: readonly [file: string, title: string]
}

export function attack(name: string, entries: readonly GuardEntry[]): Attack {
  const guards = entries.map(({ tries, file, right, wrong, also = [], test: [path, title] }) => ({
    tries,
    file,
    edits: [{ right, wrong }, ...also],
    test: { file: path, title },
  }))
  return { name, guards }
}

export const root = join(import.meta.dirname, '..', '..')

export const readSource = (file: string): string => readFileSync(join(root, 'src', file), 'utf8')

/** Whether a test file has a test of this title, which may be one that it makes of a template. */
export function hasTest({ file, title }: GuardTest): boolean {
  const titles = textWithSuites(file).matchAll(
    /\b(?:test|describe|\w+Test)\(\s*(?:'((?:[^'\\]|\\.)+)'|"((?:[^"\\]|\\.)+)"|`([^`]+)`)/g,
  )
  return [...titles].some(([, single, double, template]) =>
    template === undefined
      ? (single ?? double ?? '').replaceAll(/\\(.)/g, '$1') === title
      : patternOf(template).test(title),
  )
}

/** A test file, and the suites that it calls. */
function textWithSuites(file: string): string {
  const text = readFileSync(join(root, file), 'utf8')
  const suites = [...text.matchAll(/from '(\.{1,2}\/[^']+\.suite\.ts)'/g)]
  const places = suites.map(([, place = '']) => join(root, dirname(file), place))
  return [text, ...places.map((place) => readFileSync(place, 'utf8'))].join('\n')
}

/** For a regular expression that finds this text and nothing else. */
export function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
}

function patternOf(template: string): RegExp {
  const fixed = template.split(/\$\{(?:[^{}]|\{[^{}]*\})*\}/)
  return new RegExp(`^${fixed.map((part) => escapePattern(part)).join('.+')}$`)
}
