import { request } from 'node:https'

/** What an answer of the gateway was. */
export interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

export interface Question {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object
}

/** Asks the gateway of these tests for JSON; rejects where the whole answer does not come. */
export type AskGateway = (question: Question) => Promise<Answer>

/** No connection is kept: the gateway is killed again and again. */
export function createAsk(port: number, ca: string): AskGateway {
  return ({ method, path, headers, body }) =>
    new Promise((resolve, reject) => {
      const options = { host: 'localhost', port, path, method, ca, headers, agent: false } as const
      const outgoing = request(options, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.once('error', reject)
        response.once('end', () => {
          if (!response.complete) return reject(new Error('half an answer'))
          resolve({ status: response.statusCode ?? 0, body: parse(text) })
        })
        response.once('close', () => reject(new Error('half an answer')))
      })
      outgoing.once('error', reject)
      if (body === undefined) outgoing.end()
      else outgoing.setHeader('content-type', 'application/json').end(JSON.stringify(body))
    })
}

function parse(text: string): Answer['body'] {
  return text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : {}
}
