import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runProgram } from '../program.fixture.ts'
import { appBundle, bundleProgram, quoteForShell } from './app-bundle.ts'
import { hostilePath, isGolden, plainProgram } from './golden.fixture.ts'
import { isOwnText } from './written-by.ts'

test('an application of macOS is the texts that were agreed', () => {
  const bundle = appBundle('R&D <db>', 'db-1', [...plainProgram, 'up', 'db-1'])
  assert.deepEqual(Object.keys(bundle), ['Contents/Info.plist', bundleProgram])
  isGolden('app-info.plist', bundle['Contents/Info.plist']?.text ?? '')
  isGolden('app-start.sh', bundle[bundleProgram]?.text ?? '')
  assert.deepEqual(
    Object.values(bundle).map(({ isProgram }) => isProgram),
    [false, true],
  )
  for (const { text } of Object.values(bundle)) assert.ok(isOwnText(text))
  assert.ok(isOwnText(bundle[bundleProgram]?.text ?? '', 'db-1'))
  assert.ok(!isOwnText(bundle[bundleProgram]?.text ?? '', 'db'))
})

test('a word for a shell is itself, whatever is in it', async () => {
  const words = [hostilePath, "it's", '', '-n', 'a\nb', '$(id)', '!x']
  const { stdout } = await runProgram('/bin/sh', [
    '-c',
    `printf '<%s>' ${words.map(quoteForShell).join(' ')}`,
  ])
  assert.equal(stdout, words.map((it) => `<${it}>`).join(''))
})
