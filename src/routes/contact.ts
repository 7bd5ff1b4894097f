import type { Route } from './route.ts'

/** Whom to ask about a route, as it stands in a sentence; only for people who are signed in. */
export function whomToAsk({ contact }: Pick<Route, 'contact'>): string {
  return contact === '' ? 'whoever runs this gateway' : contact
}
