//! Microsoft's compiler of HLSL, DXC, on Linux: the little of its interface (`dxcapi.h`) that compiles a shader to DXIL.
//! `tests/run.sh` fetches the version that the tables below are of. Its objects are COM's: a pointer to a table of methods, of
//! which those up to the last one called are declared here, in order.

use std::{
    ffi::{c_char, c_void},
    path::Path,
    ptr::null_mut,
};

#[repr(C)]
struct Guid(u32, u16, u16, [u8; 8]);

const CLSID_COMPILER: Guid = Guid(0x73e22d93, 0xe6ce, 0x47f3, [0xb5, 0xbf, 0xf0, 0x66, 0x4f, 0x39, 0xc1, 0xb0]);
const IID_COMPILER_3: Guid = Guid(0x228b4687, 0x5a6a, 0x4730, [0x90, 0x0c, 0x97, 0x02, 0xb2, 0x20, 0x3f, 0x54]);
const IID_OPERATION_RESULT: Guid = Guid(0xcedb484a, 0xd4e9, 0x445a, [0xb9, 0x91, 0xca, 0x21, 0xca, 0x15, 0x7d, 0xc2]);

const UTF_8: u32 = 65001;

/// What every table begins with: QueryInterface, AddRef and Release, and on Linux the destructor, in the two forms that its
/// C++ has.
#[repr(C)]
struct Unknown {
    query_interface: *const c_void,
    add_ref: *const c_void,
    release: unsafe extern "C" fn(*mut c_void) -> u32,
    destructors: [*const c_void; 2],
}

/// `IDxcCompiler3`
#[repr(C)]
struct CompilerTable {
    unknown: Unknown,
    compile: unsafe extern "C" fn(
        *mut c_void,
        source: *const Text,
        arguments: *const *const Wide,
        count: u32,
        includes: *mut c_void,
        wanted: *const Guid,
        result: *mut *mut c_void,
    ) -> i32,
}

/// `IDxcOperationResult`
#[repr(C)]
struct ResultTable {
    unknown: Unknown,
    status: unsafe extern "C" fn(*mut c_void, status: *mut i32) -> i32,
    result: unsafe extern "C" fn(*mut c_void, blob: *mut *mut c_void) -> i32,
    errors: unsafe extern "C" fn(*mut c_void, blob: *mut *mut c_void) -> i32,
}

/// `IDxcBlob`
#[repr(C)]
struct BlobTable {
    unknown: Unknown,
    pointer: unsafe extern "C" fn(*mut c_void) -> *const u8,
    size: unsafe extern "C" fn(*mut c_void) -> usize,
}

/// `DxcBuffer`
#[repr(C)]
struct Text {
    start: *const c_char,
    size: usize,
    encoding: u32,
}

/// `wchar_t`, of which arguments are made.
type Wide = u32;

/// An object that is released when it is dropped.
struct Object(*mut c_void);

impl Object {
    /// The object's table of methods.
    ///
    /// # Safety
    /// The object has the interface that `T` declares.
    unsafe fn table<T>(&self) -> &T {
        // SAFETY: an object begins with the address of its table, which outlives it.
        unsafe { &**self.0.cast::<*const T>() }
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: every interface begins with these three, and this is the last use.
        unsafe { (self.table::<Unknown>().release)(self.0) };
    }
}

/// The compiler, and the library that it is in.
pub struct Compiler {
    compiler: Object,
    _library: libloading::Library,
}

/// Where `tests/run.sh` puts the library, below the root of the repository.
const LIBRARY: &str = "target/dxc/libdxcompiler.so";

impl Compiler {
    /// Opens the compiler, or says why not.
    pub fn open() -> Result<Compiler, String> {
        type Create = unsafe extern "C" fn(*const Guid, *const Guid, *mut *mut c_void) -> i32;
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(LIBRARY);
        if !path.exists() {
            return Err(format!("there is no {LIBRARY}, which tests/run.sh fetches on Linux"));
        }
        // SAFETY: the library is the compiler's, and `Create` is what dxcapi.h says of the function.
        unsafe {
            let library = libloading::Library::new(&path).map_err(|error| error.to_string())?;
            let create = library.get::<Create>(b"DxcCreateInstance").map_err(|error| error.to_string())?;
            let mut compiler = null_mut();
            match create(&CLSID_COMPILER, &IID_COMPILER_3, &mut compiler) {
                0 => Ok(Compiler { compiler: Object(compiler), _library: library }),
                error => Err(format!("{}: error {error:#x}", path.display())),
            }
        }
    }

    /// Compiles the compute shader `entry` to DXIL, with the options that wgpu passes, or gives the compiler's errors.
    /// The DXIL is not signed: the library that does that is for Windows alone.
    pub fn compile(&self, hlsl: &str, entry: &str) -> Result<Vec<u8>, String> {
        let options = ["-E", entry, "-T", "cs_6_6", "-HV", "2018", "-no-warnings", "-Ges", "-Vd"];
        let wide = options.map(|option| option.chars().map(Wide::from).chain([0]).collect::<Vec<_>>());
        let arguments = wide.each_ref().map(|option| option.as_ptr());
        let source = Text { start: hlsl.as_ptr().cast(), size: hlsl.len(), encoding: UTF_8 };
        let (mut result, mut failed) = (null_mut(), 0);
        // SAFETY: the tables are those of dxcapi.h, and all that is passed lives until the call returns.
        unsafe {
            let table = self.compiler.table::<CompilerTable>();
            let (arguments, count) = (arguments.as_ptr(), arguments.len() as u32);
            let (this, wanted) = (self.compiler.0, &IID_OPERATION_RESULT);
            let error = (table.compile)(this, &source, arguments, count, null_mut(), wanted, &mut result);
            if error != 0 {
                return Err(format!("error {error:#x}"));
            }
            let result = Object(result);
            let table = result.table::<ResultTable>();
            (table.status)(result.0, &mut failed);
            match failed {
                0 => Ok(blob(|to| (table.result)(result.0, to))),
                _ => Err(String::from_utf8_lossy(&blob(|to| (table.errors)(result.0, to))).into_owned()),
            }
        }
    }
}

/// The bytes of the blob that `get` gives.
///
/// # Safety
/// `get` stores an object that has `IDxcBlob`, or nothing.
unsafe fn blob(get: impl FnOnce(*mut *mut c_void) -> i32) -> Vec<u8> {
    let mut found = null_mut();
    get(&mut found);
    if found.is_null() {
        return Vec::new();
    }
    let blob = Object(found);
    // SAFETY: the caller's promise; the bytes live as long as the blob.
    unsafe {
        let table = blob.table::<BlobTable>();
        match (table.size)(blob.0) {
            0 => Vec::new(),
            size => std::slice::from_raw_parts((table.pointer)(blob.0), size).to_vec(),
        }
    }
}
