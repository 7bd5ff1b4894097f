import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { messageOf } from '../errors.ts'
import { standardOutput } from '../standard-output.ts'
import { cleanLine } from '../terminal-text.ts'
import { signInWithForms } from './sign-in-with-forms.ts'

/**
 * A browser without a screen, for `--browser-cmd`: signs a person in, approves what asks to act for them, and exits
 * 0 once the last redirect's target has answered, else 1 with one line on stderr. Nobody compares a code: it
 * is for people who are made up.
 *
 *   node src/dev-idp/browser.ts --person alice@example.com [--password P] [--ca-file F] URL
 */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      person: { type: 'string' },
      password: { type: 'string' },
      'ca-file': { type: 'string' },
    },
  })
  const [url] = positionals
  if (url === undefined || values.person === undefined) {
    throw new TypeError('expected --person EMAIL and one URL')
  }
  const { person: email, password, 'ca-file': caFile } = values
  const request = caFile === undefined ? {} : { ca: readFileSync(caFile) }
  const person = { email, ...(password !== undefined && { password }) }
  await signInWithForms(url, person, { request, decision: 'approve' })
}

main().catch((error: unknown) => {
  standardOutput(2).write(`browser: ${cleanLine(messageOf(error))}\n`)
  process.exitCode = 1
})
