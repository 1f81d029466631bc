static redis_lua_scripts_t redis_lua_hashes = {
  "c6929c34f10b0fe8eaba42cde275652f32904e03",
  "6f69f0ff33608589ee7063a0b39c0a5f34c6087e"
};

static redis_lua_scripts_t redis_lua_script_names = {
  "delete",
  "echo",
};

static redis_lua_scripts_t redis_lua_scripts = {
  //delete
  "--deletes first key\n"
  "redis.call('del', KEYS[1])\n",

  //echo
  "--echoes the first argument\n"
  "redis.call('echo', ARGV[1])\n"
};

const int redis_lua_scripts_count=2;
#define REDIS_LUA_SCRIPTS_ALL_HASHES "c6929c34f10b0fe8eaba42cde275652f32904e03 6f69f0ff33608589ee7063a0b39c0a5f34c6087e"
#define REDIS_LUA_SCRIPTS_COUNT 2
