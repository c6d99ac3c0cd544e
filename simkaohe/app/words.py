"""What the app's own pages say, in both languages."""

from __future__ import annotations

from simkaohe.labels import Words

WORDS = {
    "name": Words("模拟考核", "simkaohe"),
    "purpose": Words(
        "考核方案实施之前，先试一试：改一改权重、类别和方法，看谁升谁降。",
        "Try an assessment scheme before it is in force: change weights, categories and methods, "
        "and see who rises and who falls.",
    ),
    "opened": Words("当前数据：{}", "Opened with: {}"),
    "kept": Words(
        "保存的情景会留在这台服务器上，下次用同一个浏览器打开还在；别人看不到。",
        "Scenarios that you save are kept on this server and offered again to this browser; "
        "nobody else sees them.",
    ),
    "index": Words("全部页面", "All pages"),
    "loading": Words("正在准备页面，约需几秒", "The page is being prepared; a few seconds"),
    "asleep": Words(
        "页面闲置太久或服务已重启，控件不再有反应。保存的情景还在。",
        "The page was idle for too long or the server started anew: its controls no longer "
        "answer. Saved scenarios are safe.",
    ),
    "away": Words(
        "连不上服务器，正在重试。保存的情景还在。",
        "The server cannot be reached; trying again. Saved scenarios are safe.",
    ),
    "reload": Words("重新载入", "Reload"),
    "token": Words("口令", "Token"),
    "enter": Words("进入", "Enter"),
    "error": Words("出错了，请重新载入页面。", "Something went wrong; please reload the page."),
    "error_403": Words(
        "需要口令：请打开启动时显示的完整网址，或在这里输入口令。",
        "A token is needed: open the full address that was shown at the start, or enter it here.",
    ),
    "error_404": Words("没有这个页面。", "There is no such page."),
    "error_503": Words(
        "同时打开的页面太多了。请关闭不用的页面，过几分钟再试。",
        "Too many pages are open at once. Close those you do not need and try again in a few "
        "minutes.",
    ),
}
