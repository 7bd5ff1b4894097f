import { never, warnOfTexts, type TextRole } from '../matchers/doubt.ts'
import { parseStringMatcher } from '../matchers/string.ts'
import { matching, quoted } from './words.ts'
import { aboutRequest, answer, type Criterion } from './criterion.ts'

/** `http_method: { is: CONNECT }` — `CONNECT` on every tunnel. */
export const httpMethod: Criterion = {
  name: 'http_method',
  data: 'string matcher',
  doc: 'holds when the HTTP method matches; on a tunnel it is `CONNECT`',
  reasons: ['http-method-ok', 'http-method-unauthorized'],
  words: {
    found: ({ method }) => quoted(method),
    wanted: (data) => matching('an HTTP method', data),
  },
  parse(data, place) {
    const matches = parseStringMatcher(data, place)
    warnOfTexts(data, place, (text, role) =>
      has(connectMethod, text, role)
        ? undefined
        : never(text, `the method of every tunnel is "${connectMethod}"`),
    )
    return (
      matches &&
      aboutRequest(({ method }) =>
        answer(matches(method), 'http-method-ok', 'http-method-unauthorized'),
      )
    )
  },
}

/** `http_path: { not: /metrics }` — empty on every tunnel, since CONNECT has no path. */
export const httpPath: Criterion = {
  name: 'http_path',
  data: 'string matcher',
  doc: "holds when the request's path matches; on a tunnel it is empty",
  reasons: ['http-path-ok', 'http-path-unauthorized'],
  words: {
    found: ({ path }) => quoted(path),
    wanted: (data) => matching('a path', data),
  },
  parse(data, place) {
    const matches = parseStringMatcher(data, place)
    warnOfTexts(data, place, (text) => never(text, 'tunnels have no path'))
    return (
      matches &&
      aboutRequest(({ path }) => answer(matches(path), 'http-path-ok', 'http-path-unauthorized'))
    )
  },
}

const connectMethod = 'CONNECT'

function has(value: string, text: string, role: TextRole): boolean {
  if (role === 'whole') return value === text
  if (role === 'part') return value.includes(text)
  return role === 'start' ? value.startsWith(text) : value.endsWith(text)
}
