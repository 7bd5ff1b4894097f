/** Whether a connection gives signs of life when it is asked for one. */
export interface Signs {
  /** As `Link.probe`. */
  probe(): () => boolean
  /** It was asked, and nothing has come since. */
  readonly isSilent: boolean
}

/** Remembers the last question; `ask` is how it is put. */
export function rememberSigns(ask: () => () => boolean): Signs {
  let isThere = (): boolean => true
  return {
    probe() {
      isThere = ask()
      return isThere
    },
    get isSilent() {
      return !isThere()
    },
  }
}
