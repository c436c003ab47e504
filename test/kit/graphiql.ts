import type { Page } from 'playwright-core'
import { eventually } from './eventually.ts'

export type GraphiqlPage = ReturnType<typeof onGraphiql>

/** GraphiQL as a person uses it. */
export function onGraphiql(page: Page) {
  const textOf = (selector: string) => async () => {
    const text = (await page.locator(`${selector} .view-lines`).first().textContent({ timeout: 5000 })) ?? ''
    return text.replaceAll(/\s+/g, ' ')
  }
  const answer = textOf('.result-window')
  return {
    /** Waits for the page and for the schema, without which the editor underlines everything. */
    async ready() {
      await page.getByRole('tab').first().waitFor()
      await page.locator('.graphiql-query-editor .view-lines').first().waitFor()
      await page.waitForFunction(() => !document.querySelector('.graphiql-spinner'))
    },
    tabNames: () => page.getByRole('tab').allInnerTexts(),
    /** Tabs can be dragged, and one that still moves takes no click. */
    async open(name: string) {
      const chosen = page.locator('[role=tab][aria-selected=true]').getByTitle(name, { exact: true })
      await eventually(
        async () => {
          await page.getByTitle(name, { exact: true }).click()
          return chosen.count()
        },
        (count) => count === 1,
      )
    },
    run: () => page.getByRole('button', { name: /^Execute query/ }).click(),
    answer,
    /** Opens a tab of one's own and types a document into it. */
    async write(document: string) {
      await page.getByRole('button', { name: 'New tab' }).click()
      await page.locator('.graphiql-query-editor .monaco-editor').first().click()
      await page.keyboard.insertText(document)
    },
    /** Waits until the browser keeps a tab of this name. */
    stored: (name: string) =>
      page.waitForFunction((text) => localStorage.getItem('graphiql:tabState')?.includes(text), name),
    /** Waits for the answer to say this. */
    async says(text: string) {
      await eventually(answer, (said) => said.includes(text))
    },
    async headers() {
      await page.getByRole('button', { name: 'Headers' }).click()
      return textOf('.graphiql-editor-tool .graphiql-editor:not(.hidden)')()
    },
  }
}
