import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { AppError } from '../errors.ts'
import { parseGatewayUrl } from './destination.ts'
import { namedOrLastGateway, rememberGateway } from './last-gateway.ts'

const root = await mkdtemp(join(tmpdir(), 'last-gateway-'))
after(() => rm(root, { recursive: true }))

describe('the gateway that is asked', () => {
  test('is the one that is named, https being understood', async () => {
    for (const text of ['gate.example.com:8443', 'https://gate.example.com:8443'])
      assert.equal((await namedOrLastGateway(text, root)).origin, 'https://gate.example.com:8443')
    await assert.rejects(namedOrLastGateway('gate example', root), { code: 'invalid-gateway-url' })
  })

  test('without a name is the one that was asked last', async () => {
    const directory = join(root, 'made', 'when needed')
    await assert.rejects(
      namedOrLastGateway(undefined, directory),
      (error) => error instanceof AppError && error.code === 'gateway-missing',
    )
    await rememberGateway(parseGatewayUrl('https://gate.example.com'), directory)
    const { origin } = await namedOrLastGateway(undefined, directory)
    assert.equal(origin, 'https://gate.example.com')
  })

  test('is none when what was kept is no address, or nothing can be kept', async () => {
    await writeFile(join(root, 'last-gateway'), 'http://elsewhere.example.com')
    await assert.rejects(namedOrLastGateway(undefined, root, '--gateway'), {
      code: 'gateway-missing',
      hint: /^name it, as in "--gateway https:\/\/gateway\.example\.com";/,
    })
    const file = join(root, 'file')
    await writeFile(file, '')
    await rememberGateway(parseGatewayUrl('https://gate.example.com'), join(file, 'below'))
  })
})
