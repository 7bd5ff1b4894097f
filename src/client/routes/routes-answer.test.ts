import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { AppError } from '../../errors.ts'
import { decodeRoutes } from './routes-answer.ts'

describe('the answer of the routes API', () => {
  test("a stock Pomerium's is read, with what it does not say left empty", () => {
    const stock = {
      routes: [
        {
          id: '1013c6be524d7fbd',
          name: 'db',
          type: 'tcp',
          from: 'tcp+https://db.example.com:5432',
          description: 'orders',
          connect_command: 'pomerium-cli tcp db.example.com:5432',
          logo_url: 'https://logo.example.com',
        },
      ],
    }
    const { routes, closed, sessionExpiresAt } = decodeRoutes(JSON.stringify(stock))
    assert.deepEqual(routes, [
      {
        id: '1013c6be524d7fbd',
        name: 'db',
        type: 'tcp',
        from: 'tcp+https://db.example.com:5432',
        description: 'orders',
        connectCommand: 'pomerium-cli tcp db.example.com:5432',
      },
    ])
    assert.deepEqual([closed, sessionExpiresAt], [[], undefined])
  })

  test('what is no such answer is refused in words', () => {
    for (const text of ['', '<html>', 'null', '[]', '{"routes":{}}', '{"routes":[', '7'])
      assert.throws(
        () => decodeRoutes(text),
        (error) => error instanceof AppError && error.code === 'not-a-gateway',
        text,
      )
  })

  test('a text with control characters moves no cursor and begins no line', () => {
    const name = 'a\nb\u001b[2Jc\u202ed\u2028e'
    const routes = [{ name, from: 'tcp+https://a:22\nHost *', description: name }, 7, null]
    const answer = decodeRoutes(JSON.stringify({ routes, listed_routes: [{ why: name }] }))
    assert.equal(answer.routes.length, 1)
    assert.deepEqual(
      [answer.routes[0]?.name, answer.routes[0]?.from, answer.closed[0]?.why],
      ['a b [2Jc d e', '', 'a b [2Jc d e'],
    )
  })

  test('any JSON gives an answer or a typed error', () => {
    const record = fc.record({ routes: fc.array(fc.jsonValue()), listed_routes: fc.jsonValue() })
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), record), (value) => {
        try {
          decodeRoutes(JSON.stringify(value))
        } catch (error) {
          assert.ok(error instanceof AppError)
        }
      }),
    )
  })
})
