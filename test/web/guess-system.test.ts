import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guessSystem } from '../../src/web/portal/guess-system.ts'

test('the way to install that is shown first is the one for the system of the browser', () => {
  const agents = {
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0': 'windows',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15':
      'darwin',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36': 'linux',
    '': 'linux',
  } as const
  for (const [userAgent, kind] of Object.entries(agents))
    assert.equal(guessSystem({ userAgent }), kind, userAgent)
  assert.equal(guessSystem({ userAgent: '', platform: 'macOS' }), 'darwin')
  assert.equal(guessSystem({ userAgent: '', platform: 'Windows' }), 'windows')
})
