// Whoever works with the keyboard goes on where they were: what had it may go, by their own hand or by somebody else's,
// and the browser then begins at the document again.

/** What takes the keyboard by Tab. */
const stops =
  ':is(a[href], button, input, select, textarea, summary, [tabindex="0"]):not(:disabled, [tabindex="-1"])'
const dialog = '[role="dialog"]'

/** What had it last, and what had it last outside of any dialog. */
let last: Element | undefined
let outside: Element | undefined

/** Whether what had the keyboard has just gone: a message that stands for it may take it. */
function isFocusLost(): boolean {
  return last !== undefined && !last.isConnected && document.activeElement === document.body
}

/** A ref of what stands in the place of a control that somebody has used; it needs `tabIndex={-1}`. */
export function takeLostFocus(element: HTMLElement | null): void {
  if (element !== null && isFocusLost()) element.focus()
}

/** Gives the keyboard to a neighbour where what had it goes. Does so for the whole page from now on. */
export function keepFocus(): void {
  document.addEventListener('focusin', ({ target }) => {
    if (!(target instanceof Element)) return
    last = target
    if (target.closest(dialog) === null) outside = target
  })
  new MutationObserver((changes) => {
    const lost = last
    const gone = lost !== undefined && !lost.isConnected
    // Found also while a dialog has the keyboard: what opened it may go, and the dialog then closes.
    if (outside !== undefined && !outside.isConnected) outside = neighbourOf(outside, changes)
    if (gone && document.activeElement === document.body) {
      const within = placeOf(lost, changes)?.parent.closest(dialog)
      const next = within ? neighbourOf(lost, changes) : outside
      last = undefined
      if (next instanceof HTMLElement) next.focus()
    }
  }).observe(document.body, { childList: true, subtree: true })
}

interface Place {
  /** Still in the page. */
  readonly parent: Element
  /** What comes after the place; null at its end. */
  readonly next: Node | null
}

/** Where something stood that has gone, alone or with what was around it. */
function placeOf(lost: Node, changes: readonly MutationRecord[]): Place | undefined {
  let gone = lost
  for (const { target, removedNodes, nextSibling } of changes) {
    if (![...removedNodes].some((node) => node.contains(gone))) continue
    if (target.isConnected)
      return target instanceof Element ? { parent: target, next: nextSibling } : undefined
    gone = target
  }
  return undefined
}

/**
 * The next control after the place of one that has gone, or the one before it, as near as there is one. None where the
 * whole of a view has gone: the view that follows says itself where to begin.
 */
function neighbourOf(lost: Element, changes: readonly MutationRecord[]): Element | undefined {
  const place = placeOf(lost, changes)
  if (place === undefined || isViewGone(changes)) return undefined
  const next = place.next?.isConnected === true ? place.next : undefined
  for (let at: Element | null = place.parent; at !== null; at = at.parentElement) {
    const near = [...at.querySelectorAll(stops)].filter((element) => element.checkVisibility())
    if (near.length > 0) return near.find((element) => isFrom(element, next)) ?? near.at(-1)
  }
  return undefined
}

function isViewGone(changes: readonly MutationRecord[]): boolean {
  return changes.some(({ removedNodes }) =>
    [...removedNodes].some((node) => node instanceof Element && node.querySelector('h1') !== null),
  )
}

/** Whether an element is a node, within it or after it. */
function isFrom(element: Element, node: Node | undefined): boolean {
  if (node === undefined) return false
  if (node.contains(element)) return true
  return (node.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0
}
