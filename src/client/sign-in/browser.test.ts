import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../log.ts'
import { openBrowser } from './browser.ts'

test('a command that cannot be started is a warning, whatever it is', async () => {
  for (const command of ['', 'no-such-program-anywhere', '/']) {
    // oxlint-disable-next-line no-await-in-loop
    const warning = await new Promise<string>((resolve) => {
      openBrowser('https://gateway.example/', command, { ...silentLogger, warn: resolve })
    })
    assert.ok(warning.startsWith(`cannot open a browser with "${command}": `), warning)
  }
})

test('what to do instead is for whoever asked', async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const warn = (_: string, fields?: object): void => resolve(fields)
  openBrowser(
    'https://gateway.example/',
    '/',
    { ...silentLogger, warn },
    {
      hint: 'open it elsewhere',
    },
  )
  assert.deepEqual(await promise, { hint: 'open it elsewhere' })
})
