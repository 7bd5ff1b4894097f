// How the gateway of the model is set, in milliseconds where nothing else is said.
export const startMs = Date.UTC(2026, 0, 1, 12)
export const sessionLifeMs = 600_000
export const refreshMs = 60_000
/** Sessions of one person. */
export const maxSessions = 3
