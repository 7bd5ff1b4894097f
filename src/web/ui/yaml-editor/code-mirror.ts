import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  type CompletionContext,
  type CompletionResult,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { yaml } from '@codemirror/lang-yaml'
import { bracketMatching, indentOnInput, indentUnit } from '@codemirror/language'
import { forceLinting, lintGutter, linter, lintKeymap } from '@codemirror/lint'
import { EditorState, type Extension } from '@codemirror/state'
import { EditorView, keymap, lineNumbers, type Command } from '@codemirror/view'
import { editorLooks } from './editor-looks.ts'
import { yamlPlaceAt, type YamlPlace } from './yaml-path.ts'

/** A fault at a place of the text, in characters from its beginning. */
export interface EditorFault {
  readonly from: number
  readonly to: number
  readonly message: string
}

/** Something that may be written at a place. */
export interface Suggestion {
  readonly label: string
  /** What its value looks like. */
  readonly detail?: string
  /** When it holds, or what it does. */
  readonly info?: string
  /** What is put there, where that is more than the label. */
  readonly insert?: string
}

export interface EditorOptions {
  readonly text: string
  /** What it is, for screen readers. */
  readonly label: string
  readonly isReadOnly: boolean
  onChange(text: string): void
  /** What is wrong with a text; asked a moment after each change. */
  lint(text: string): Promise<readonly EditorFault[]>
  suggest(place: YamlPlace): readonly Suggestion[]
}

export interface OpenEditor {
  /** Replaces the text, where it is another one. */
  setText(text: string): void
  /** Asks again what is wrong. */
  lintAgain(): void
  focus(): void
  close(): void
}

/** Columns by which a value stands further in than its key. */
const indentColumns = 2

/** How long after a change it is asked what is wrong, in milliseconds. */
const lintAfterMs = 400

/**
 * Opens an editor in the shadow root of an element. CodeMirror makes its style sheets while it runs: in a shadow
 * root it adopts them as objects, which `style-src 'self'` allows, while it would write `style` elements elsewhere.
 */
export function openEditor(host: HTMLElement, options: EditorOptions): OpenEditor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open', delegatesFocus: true })
  const parent = document.createElement('div')
  root.append(parent)
  const view = new EditorView({
    parent,
    root,
    state: EditorState.create({ doc: options.text, extensions: extensionsOf(options) }),
  })
  return {
    setText(text) {
      const { length } = view.state.doc
      if (view.state.doc.toString() === text) return
      view.dispatch({ changes: { from: 0, to: length, insert: text } })
    },
    lintAgain: () => forceLinting(view),
    focus: () => view.focus(),
    close() {
      view.destroy()
      parent.remove()
    },
  }
}

function extensionsOf({ label, isReadOnly, ...options }: EditorOptions): Extension {
  const named = EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' })
  const read: Extension = [lineNumbers(), yaml(), editorLooks, EditorView.lineWrapping, named]
  if (isReadOnly) return [read, EditorState.readOnly.of(true)]
  return [
    read,
    history(),
    bracketMatching(),
    closeBrackets(),
    indentOnInput(),
    indentUnit.of(' '.repeat(indentColumns)),
    // Tab stays what it is in every form: the way to the next field.
    keymap.of([
      ...closeBracketsKeymap,
      ...completionKeymap,
      { key: 'Enter', run: beginBelowKey },
      ...historyKeymap,
      ...lintKeymap,
      ...defaultKeymap,
    ]),
    autocompletion({ override: [completeWith(options)], icons: false }),
    lintGutter(),
    linter(
      async (view) => {
        const { length } = view.state.doc
        const faults = await options.lint(view.state.doc.toString())
        // The text may be a shorter one by now.
        const end = Math.min(length, view.state.doc.length)
        return faults.map(({ from, to, message }) => ({
          from: Math.min(from, end),
          to: Math.min(to, end),
          message,
          severity: 'error' as const,
        }))
      },
      { delay: lintAfterMs },
    ),
    EditorView.updateListener.of(({ docChanged, state }) => {
      if (docChanged) options.onChange(state.doc.toString())
    }),
  ]
}

/** Below `key:` its value begins further in; CodeMirror's own indentation would begin the next key beside it. */
const beginBelowKey: Command = ({ state, dispatch }) => {
  const { head, empty } = state.selection.main
  const line = state.doc.lineAt(head)
  if (!empty || head !== line.to || !/:\s*$/.test(line.text)) return false
  const [entry = ''] = /^\s*(?:-\s+)*/.exec(line.text) ?? []
  const below = `\n${' '.repeat(entry.length + indentColumns)}`
  dispatch(
    state.update(state.replaceSelection(below), { scrollIntoView: true, userEvent: 'input' }),
  )
  return true
}

function completeWith({ suggest }: Pick<EditorOptions, 'suggest'>) {
  return ({ state, pos, explicit }: CompletionContext): CompletionResult | null => {
    const place = yamlPlaceAt(state.sliceDoc(0, pos), pos)
    if (!explicit && place.from === pos) return null
    const options = suggest(place).map(({ label, detail, info, insert }) => ({
      label,
      ...(detail !== undefined && { detail }),
      ...(info !== undefined && { info }),
      ...(insert !== undefined && { apply: insert }),
    }))
    return options.length === 0 ? null : { from: place.from, options, validFor: /^[\w./-]*$/ }
  }
}
