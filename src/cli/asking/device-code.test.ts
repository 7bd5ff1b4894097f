import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderUnicodeCompact } from 'uqr'
import { formatDeviceCode } from './device-code.ts'

const code = {
  deviceCode: 'the-secret-that-is-never-shown',
  userCode: 'WDJB-MJHT',
  verificationUri: 'https://access.example.com/.postern/device',
  verificationUriComplete: 'https://access.example.com/.postern/device?code=WDJB-MJHT',
  expiresInSeconds: 600,
  intervalSeconds: 5,
}
const drawQr = (text: string): string => renderUnicodeCompact(text, { border: 2 })

test('without a terminal there are an address and a code, and nothing to scan', () => {
  const text = formatDeviceCode(code, { isTTY: false, columns: undefined }, drawQr)
  assert.equal(
    text,
    `to sign in, open this address in a browser on any machine:

  https://access.example.com/.postern/device?code=WDJB-MJHT

and compare the code that it shows with this one:

  WDJB-MJHT

by hand: type it at https://access.example.com/.postern/device
waiting; the code is good for 10 minutes, and Ctrl-C gives up
`,
  )
})

test('a terminal shows a QR code with the whole address, where it is wide enough', () => {
  let encoded = ''
  const draw = (text: string): string => drawQr((encoded = text))
  const wide = formatDeviceCode(code, { isTTY: true, columns: 80 }, draw)
  assert.equal(encoded, code.verificationUriComplete)
  const rows = wide.split('\n').filter((line) => line.startsWith('\u001B[97;40m'))
  assert.ok(rows.length > 15, `${rows.length} rows`)
  const narrow = formatDeviceCode(code, { isTTY: true, columns: 30 }, drawQr)
  assert.ok(!narrow.includes('\u001B') && narrow.includes('WDJB-MJHT'))
  for (const text of [wide, narrow]) assert.ok(!text.includes(code.deviceCode))
})
