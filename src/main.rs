use heal::testbed::*;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    match args.get(1).map(String::as_str) {
        Some("__sandbox") => return sandbox::helper::run(args[2].parse().unwrap()),
        Some("__janitor") => return scratch::janitor(args[2].as_ref()),
        _ => {}
    }
    let rt = tokio::runtime::Runtime::new().unwrap();
    rt.block_on(async {
        let root = std::path::Path::new(&args[1]).canonicalize().unwrap();
        let level = args.get(3).map(|l| match l.as_str() {"landlock"=>sandbox::Level::Landlock,"limits"=>sandbox::Level::Limits,_=>sandbox::Level::Namespaces});
        let tb = Testbed::open(&root, TestbedOptions{search_path: std::env::var("PATH").unwrap(), isolation: level.map_or(Isolation::Auto, Isolation::Exactly), ..Default::default()}).await.unwrap();
        println!("{:?} {:?} {:#?}", tb.level(), tb.fallback_reason(), tb.toolchain());
        let c = command::TestCommand::parse(&args[2], &root);
        println!("{c:?}");
        let r = tb.run(&c, &Default::default(), 20000).await.unwrap();
        println!("{r:?}");
        println!("{}", r.log);
    });
}
