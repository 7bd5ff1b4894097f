import type { JudgedTest } from './judge-tests.ts'

/**
 * The results as JUnit writes them, which most CI systems read: a suite for each file.
 *
 * @see https://github.com/testmoapp/junitxml
 */
export function junitXml(tests: readonly JudgedTest[]): string {
  const suites = [...Map.groupBy(tests, ({ test }) => test.source)]
  const total = `tests="${tests.length}" failures="${failuresIn(tests)}"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="postern policy test" ${total}>`,
    ...suites.flatMap(([source, own]) => suiteLines(source, own)),
    '</testsuites>',
    '',
  ].join('\n')
}

function suiteLines(source: string, tests: readonly JudgedTest[]): readonly string[] {
  const head = `name="${escape(source)}" tests="${tests.length}" failures="${failuresIn(tests)}"`
  return [`  <testsuite ${head}>`, ...tests.flatMap(caseLines), '  </testsuite>']
}

function caseLines({ test, faults, lines }: JudgedTest): readonly string[] {
  const { name, source, line } = test
  const where = `classname="${escape(source)}" file="${escape(source)}" line="${line}"`
  const head = `<testcase name="${escape(name)}" ${where}`
  if (faults.length === 0) return [`    ${head}/>`]
  const message = faults.join('; ')
  return [
    `    ${head}>`,
    `      <failure message="${escape(message)}">${escape(lines.join('\n'))}</failure>`,
    '    </testcase>',
  ]
}

function failuresIn(tests: readonly JudgedTest[]): number {
  return tests.filter(({ faults }) => faults.length > 0).length
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\t': '&#9;',
}

/** What XML 1.0 §2.2 has no character for is left out: a reader would refuse the whole file. */
function escape(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll(/[&<>"\n\t]/g, (char) => entities[char] ?? char)
}
