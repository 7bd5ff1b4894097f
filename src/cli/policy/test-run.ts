import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { formatProblem, messageOf, SystemError } from '../../errors.ts'
import { cleanLine } from '../../terminal-text.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, noteText, printJson, printText } from '../speech/print.ts'
import { readPolicyTests } from './fixtures.ts'
import { judgeTests, type JudgedTest } from './judge-tests.ts'
import { junitXml } from './junit.ts'
import { offlineTrials } from './offline-trials.ts'
import { defaultTestsFile, type PolicyTestOptions } from './policy-options.ts'

/** Runs tests of policies against a configuration file; resolves to the exit code. */
export async function runPolicyTests(
  files: readonly string[],
  { config, junit, json = false }: PolicyTestOptions,
): Promise<number> {
  const { access, table, trials } = await offlineTrials(config)
  for (const warning of access.warnings) noteText(`warning: ${formatProblem(warning)}\n`)
  const paths = files.length > 0 ? files : [join(dirname(config), defaultTestsFile)]
  const judged = await judgeTests(await readPolicyTests(paths, table), trials)
  if (junit !== undefined) await writeJunit(junit, judged)
  const failed = judged.filter(({ faults }) => faults.length > 0).length
  if (json) printJson(toJson(judged, failed))
  else printText(judged.map(testLines).join(''))
  note(`${count(judged.length - failed, 'test')} passed, ${failed} failed`)
  return failed === 0 ? exitCodes.ok : exitCodes.policyTest
}

function testLines({ test, faults, lines }: JudgedTest): string {
  const name = cleanLine(test.name)
  if (faults.length === 0) return `ok    ${name}\n`
  const place = cleanLine(`${test.source}:${test.line}`)
  return `FAIL  ${name} (${place})\n${lines.map((line) => `      ${indented(line)}\n`).join('')}`
}

/** Its indentation is ours; the rest may be anybody's. */
function indented(line: string): string {
  const [indent = ''] = /^ */.exec(line) ?? []
  return indent + cleanLine(line.slice(indent.length))
}

async function writeJunit(path: string, judged: readonly JudgedTest[]): Promise<void> {
  try {
    await writeFile(path, junitXml(judged))
  } catch (cause) {
    const message = `cannot write "${path}": ${messageOf(cause)}`
    throw new SystemError('output-unusable', message, {
      cause,
      hint: 'name a file that can be written',
    })
  }
}

function toJson(judged: readonly JudgedTest[], failed: number): object {
  return {
    passed: judged.length - failed,
    failed,
    tests: judged.map(({ test, answer, faults }) => ({
      name: test.name,
      file: test.source,
      line: test.line,
      passed: faults.length === 0,
      expected: test.expect,
      outcome: answer.outcome,
      reasons: answer.reasons,
      route: answer.route,
      faults,
      trace: faults.length === 0 ? undefined : answer.trace,
    })),
  }
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`
}
