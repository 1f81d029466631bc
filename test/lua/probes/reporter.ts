/** Prints the coverage of Lua under vitest's own summary. */
import type { Reporter, TestModule } from 'vitest/node';

declare module 'vitest' {
  interface TaskMeta {
    /** What coverageText gave, by the test that measured it. */
    luaCoverage?: string;
  }
}

export default class LuaCoverageReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const texts = modules.flatMap((one) =>
      [...one.children.allTests()].map((test) => test.meta().luaCoverage ?? ''),
    );
    // It is measured with several servers, and is the same with each as long as all is well.
    for (const text of new Set(texts)) if (text !== '') console.log(text);
  }
}
